#!/usr/bin/perl
# Very many small files in folders of a thousand, in steps that check what they find: many.pl STEP FOLDER COUNT
#   make    create and write every file        walk    list every folder, and look at what it names
#   stat    look at every file by its name     delete  delete everything
# It ends with an error at the first thing that is not as it must be.
use strict;
use warnings;
use Fcntl;

use constant IN_A_FOLDER => 1000;

my ($step, $root, $count) = @ARGV;

sub each_folder {
    my ($do) = @_;
    for (my $first = 0; $first < $count; $first += IN_A_FOLDER) {
        my $end = $first + IN_A_FOLDER < $count ? $first + IN_A_FOLDER : $count;
        $do->("$root/" . $first / IN_A_FOLDER, $first .. $end - 1);
    }
}

# A file holds its own number.
sub check {
    my ($path, $number) = @_;
    my $size = (lstat $path)[7];
    die "lstat $path: $!\n" unless defined $size;
    die "$path has $size bytes\n" if $size != length $number;
}

my %steps = (
    make => sub {
        mkdir $root or die "mkdir $root: $!\n";
        each_folder(sub {
            my ($folder, @numbers) = @_;
            mkdir $folder or die "mkdir $folder: $!\n";
            for my $number (@numbers) {
                sysopen my $out, "$folder/$number", O_CREAT | O_EXCL | O_WRONLY or die "create $folder/$number: $!\n";
                syswrite $out, $number or die "write $folder/$number: $!\n";
                close $out or die "close $folder/$number: $!\n";
            }
        });
    },
    stat => sub {
        each_folder(sub {
            my ($folder, @numbers) = @_;
            check("$folder/$_", $_) for @numbers;
        });
    },
    walk => sub {
        each_folder(sub {
            my ($folder, @numbers) = @_;
            opendir my $handle, $folder or die "opendir $folder: $!\n";
            my @names = sort { $a <=> $b } grep { !/^\./ } readdir $handle;
            closedir $handle or die "closedir $folder: $!\n";
            die "$folder has other names than expected\n" if "@names" ne "@numbers";
            check("$folder/$_", $_) for @names;
        });
    },
    delete => sub {
        each_folder(sub {
            my ($folder, @numbers) = @_;
            for my $number (@numbers) {
                unlink "$folder/$number" or die "unlink $folder/$number: $!\n";
            }
            rmdir $folder or die "rmdir $folder: $!\n";
        });
        rmdir $root or die "rmdir $root: $!\n";
    },
);

($steps{$step} or die "many.pl does not know the step $step\n")->();
