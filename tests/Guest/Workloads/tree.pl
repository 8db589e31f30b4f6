#!/usr/bin/perl
# A tree of 10,000 files in 100 folders, in steps that check what they find: tree.pl STEP FOLDER
#   make    create and write every file      read    read every file and compare
#   list    list folders and files           rename  give every file and folder another name
#   delete  delete everything
# It ends with an error at the first thing that is not as it must be.
use strict;
use warnings;

my ($step, $root) = @ARGV;
my @folders = map { sprintf 'folder-%02d', $_ } 0 .. 99;
my @files   = map { sprintf 'file-%02d', $_ } 0 .. 99;

sub content { my ($folder, $file) = @_; return "$folder/$file\n" x (1 + length($file . $folder) % 7) }

sub names_in {
    my ($path) = @_;
    opendir my $handle, $path or die "opendir $path: $!\n";
    my @names = sort grep { $_ ne '.' && $_ ne '..' } readdir $handle;
    closedir $handle or die "closedir $path: $!\n";
    return @names;
}

sub each_file {
    my ($do) = @_;
    for my $folder (@folders) {
        $do->("$root/renamed-$folder/renamed-$_", $folder, $_) for @files;
    }
}

my %steps = (
    make => sub {
        mkdir $root or die "mkdir $root: $!\n";
        for my $folder (@folders) {
            mkdir "$root/$folder" or die "mkdir $root/$folder: $!\n";
            for my $file (@files) {
                open my $out, '>', "$root/$folder/$file" or die "create $root/$folder/$file: $!\n";
                print {$out} content($folder, $file) or die "write $root/$folder/$file: $!\n";
                close $out or die "close $root/$folder/$file: $!\n";
            }
        }
    },
    rename => sub {
        for my $folder (@folders) {
            for my $file (@files) {
                rename "$root/$folder/$file", "$root/$folder/renamed-$file" or die "rename $root/$folder/$file: $!\n";
                die "$root/$folder/$file is still there\n" if -e "$root/$folder/$file";
            }
            rename "$root/$folder", "$root/renamed-$folder" or die "rename $root/$folder: $!\n";
        }
    },
    read => sub {
        each_file(sub {
            my ($path, $folder, $file) = @_;
            open my $in, '<', $path or die "open $path: $!\n";
            local $/;
            my $found = <$in>;
            die "$path has other content\n" if $found ne content($folder, $file);
            my $size = (stat $path)[7];
            die "$path has $size bytes\n" if $size != length $found;
        });
    },
    list => sub {
        my @found = names_in($root);
        die "$root has @found\n" if "@found" ne join ' ', map { "renamed-$_" } @folders;
        for my $folder (@found) {
            my @names = names_in("$root/$folder");
            die "$root/$folder has @names\n" if "@names" ne join ' ', map { "renamed-$_" } @files;
        }
    },
    delete => sub {
        each_file(sub { unlink $_[0] or die "unlink $_[0]: $!\n" });
        for my $folder (@folders) {
            rmdir "$root/renamed-$folder" or die "rmdir $root/renamed-$folder: $!\n";
        }
        rmdir $root or die "rmdir $root: $!\n";
    },
);

my $run = $steps{$step} or die "tree.pl does not know the step $step\n";
my $began = time;
$run->();
printf "%-6s 10,000 files: %d s\n", $step, time - $began;
