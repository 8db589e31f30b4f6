#!/usr/bin/perl
# What system calls answer where something is wrong with a disk, one line each; to be compared between a guest and its host.
#   prepare FOLDER      makes what "ops" and "hold" use
#   ops FOLDER          changes of each kind, and what can be read
#   limits FOLDER       what no file system takes
#   exhaust FOLDER      makes empty files until it cannot
#   hold FOLDER SIGN FAULT    opens files in a folder, makes the file SIGN-awaited, waits until SIGN is there, and uses what it
#                       holds; nothing is open for writing where the fault "read-only" comes, which the kernel would refuse else
#   fill FILE           writes until it cannot, synchronizing often; tells the first error, and how much is safe
#   check FILE BYTES    fails unless the file begins as "fill" wrote it, for so many bytes
#   read FILE           reads to the end or the first error
use strict;
use warnings;
no warnings 'io'; # A write to what is open for reading is among the calls.
use Errno;
use Fcntl;
use IO::Handle;
use POSIX ();

use constant BLOCK => 65536;

my ($step, $path, $argument, $fault) = @ARGV;
$| = 1;

sub reason { my ($name) = sort grep { $!{$_} } keys %!; return $name // "error $!" }

sub tell_of { my ($what, $success) = @_; print "$what ", $success ? 'ok' : reason(), "\n"; return $success }

sub opened { my ($what, $name, $flags) = @_; tell_of($what, sysopen my $file, $name, $flags, 0644); return $file }

sub write_file {
    my ($name, $content) = @_;
    open my $out, '>', $name or die "create $name: $!\n";
    print {$out} $content or die "write $name: $!\n";
    close $out or die "close $name: $!\n";
}

sub names_in {
    my ($handle) = @_;
    return join ',', sort grep { !/^\.\.?$/ } readdir $handle;
}

sub pattern { my ($number) = @_; return pack('N', $number) x (BLOCK / 4) }

my %steps = (
    prepare => sub {
        mkdir $path or die "mkdir $path: $!\n";
        write_file("$path/$_", $_) for qw(file kept victim);
        mkdir "$path/$_" or die "mkdir: $!\n" for qw(full empty);
        write_file("$path/full/inner", 'inner');
    },
    ops => sub {
        chdir $path or die "chdir $path: $!\n";
        opened('create', 'new', O_CREAT | O_EXCL | O_RDWR);
        tell_of('mkdir', mkdir 'new-folder');
        tell_of('symlink', symlink 'file', 'new-link');
        tell_of('mkfifo', POSIX::mkfifo('new-fifo', 0600));
        tell_of('link', link 'file', 'new-name');
        tell_of('open for writing', sysopen my $file, 'file', O_WRONLY);
        tell_of('write', defined syswrite $file, 'other') if $file && defined fileno $file;
        tell_of('sync', $file->sync) if $file && defined fileno $file;
        tell_of('open and truncate', sysopen my $cut, 'file', O_WRONLY | O_TRUNC);
        tell_of('truncate', truncate 'kept', 2);
        tell_of('chmod', chmod 0600, 'kept');
        tell_of('utime', utime 1, 2, 'kept');
        tell_of('rename', rename 'kept', 'renamed');
        tell_of('unlink', unlink 'victim');
        tell_of('rmdir', rmdir 'empty');
        tell_of('unlink what is not there', unlink 'missing');
        tell_of('open for reading', open my $in, '<', 'full/inner');
        print 'it has ', <$in> // reason(), "\n";
        opendir my $here, '.' or die "opendir: $!\n";
        print 'there are ', names_in($here), "\n";
    },
    limits => sub {
        chdir $path or die "chdir $path: $!\n";
        opened('longest name', 'n' x 255, O_CREAT | O_RDWR);
        opened('longer name', 'n' x 256, O_CREAT | O_RDWR);
        opened('longer path', 'full/' x 1000 . 'f', O_CREAT | O_RDWR);
        tell_of('longer link', symlink 't' x 5000, 'new-link');
        tell_of('grow far beyond', truncate 'file', 1 << 46);
        tell_of('rmdir of a full one', rmdir 'full');
        tell_of('rmdir of a file', rmdir 'file');
        tell_of('mkdir of what is there', mkdir 'full');
        tell_of('rename into itself', rename 'full', 'full/inside');
        tell_of('rename over a folder', rename 'file', 'full');
        tell_of('link to a folder', link 'full', 'new-folder');
        opened('open a folder for writing', 'full', O_RDWR);
        opened('open below a file', 'file/below', O_RDWR);
        opened('open what runs', 'program', O_RDWR);
    },
    exhaust => sub {
        my $count = 0;
        $count++ while sysopen my $file, "$path/many-$count-$$", O_CREAT | O_EXCL | O_RDWR;
        tell_of('the last one', 0);
    },
    hold => sub {
        chdir $path or die "chdir $path: $!\n";
        open my $reading, '<', 'kept' or die "open: $!\n";
        my $reads_only = $fault eq 'read-only';
        sysopen my $writing, 'file', $reads_only ? O_RDONLY : O_RDWR or die "open: $!\n";
        $reads_only or syswrite $writing, 'before' and $writing->sync or die "write: $!\n";
        opendir my $here, '.' or die "opendir: $!\n";
        write_file("$argument-awaited", '');
        select undef, undef, undef, 0.1 until -e $argument;
        sleep 2; # What a guest may remember has run out by then.
        print "$fault: held file has ", <$reading> // reason(), "\n";
        print 'held file has ', (stat $reading)[7] // reason(), " bytes\n";
        tell_of('write', syswrite $writing, 'after');
        tell_of('sync', $writing->sync);
        tell_of('truncate', truncate $writing, 3);
        print 'written file has ', (stat $writing)[7] // reason(), " bytes\n";
        tell_of('close', close $writing);
        rewinddir $here;
        print 'there are ', names_in($here), "\n";
        opened('create', 'new', O_CREAT | O_RDWR);
        opened('open', 'kept', O_RDONLY);
        opened('open for writing', 'kept', O_WRONLY);
        tell_of('mkdir', mkdir 'new-folder');
        tell_of('unlink', unlink 'victim');
        tell_of('stat', stat '.');
        tell_of('stat below', stat 'full/inner');
    },
    fill => sub {
        sysopen my $out, $path, O_CREAT | O_RDWR or return print 'failed ', reason(), " at open\nsynced 0\n";
        my ($synced, $failed) = (0, '');
        BLOCK: for my $number (0 .. 16384) {
            for (my $done = 0; $done < BLOCK;) {
                my $written = syswrite $out, pattern($number), BLOCK - $done, $done;
                $failed = reason() . ' at write' and last BLOCK unless defined $written;
                $done += $written;
            }
            next if $number % 8 != 7;
            $failed = reason() . ' at sync' and last BLOCK unless $out->sync;
            $synced = ($number + 1) * BLOCK;
        }
        $failed ||= close $out ? 'nothing' : reason() . ' at close';
        print "failed $failed\nsynced $synced\n";
    },
    check => sub {
        open my $in, '<', $path or die "open $path: $!\n";
        for my $number (0 .. $argument / BLOCK - 1) {
            my $read = read $in, my $found, BLOCK;
            die "$path has other content in block $number\n" if !$read || $found ne pattern($number);
        }
    },
    read => sub {
        open my $in, '<', $path or die "open $path: $!\n";
        my ($sum, $read) = 0;
        $sum += $read while $read = sysread $in, my $data, 4096;
        print "read $sum bytes, then ", defined $read ? 'the end' : reason(), "\n";
    },
);

($steps{$step} or die "faults.pl does not know the step $step\n")->();
