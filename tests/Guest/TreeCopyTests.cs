using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Trees with files of every kind that programs copy onto a share, and a share as the upper layer of an overlay.</summary>
public sealed class TreeCopyTests
{
    // Name, type, mode, owner, group, links, size, time and target of everything, and what is in the files.
    private const string Manifest = """
        manifest() (
          cd "$1"
          find . -mindepth 1 ! -type d -printf '%p %y %m %U %G %n %s %T@ %l\n' -o -mindepth 1 -printf '%p %y %m %U %G %T@\n' | LC_ALL=C sort
          find . -type f -exec sha256sum {} + | LC_ALL=C sort
        )
        """;

    private readonly UserModeLinux _kernel = new();

    [Theory]
    [InlineData("auto")]
    [InlineData("writeback")]
    public async Task Copies_by_tar_rsync_and_git_are_identical_on_both_sides(string policy)
    {
        _kernel.SkipTestUnlessAvailable("tar", "rsync", "git", "sha256sum");
        using TestFolder folder = new();
        await Exercise.RunAsync(_kernel, folder, policy, $$"""
            {{Manifest}}
            source=/run/source
            mkdir -p $source/deep/er $source/text $source/empty
            for i in $(seq 300); do
              echo "$i" >"$source/deep/er/$(printf 'a name with %03d ü' $i)"
              seq $i >$source/text/$i
            done
            ln -s ../nowhere $source/deep/dangling
            ln $source/deep/er/*001* $source/deep/hard
            mkfifo -m 620 $source/deep/pipe
            mknod $source/deep/null c 1 3
            truncate -s 64M $source/deep/sparse
            echo middle | dd of=$source/deep/sparse bs=1 seek=40000000 conv=notrunc 2>/dev/null
            chown 1234:5678 $source/deep/er/*002*
            chmod 6751 $source/deep/er/*003*
            chmod 0 $source/deep/er/*004*
            touch -d '1969-07-20 20:17:40.123456789Z' $source/deep/er/*005*
            touch -h -d '2038-02-01 00:00:00.5Z' $source/deep/dangling
            touch -d '2001-09-09 01:46:40.000000001Z' $source/deep $source/empty

            tar --format=posix -C $source -cSf - . | { mkdir by-tar; tar -C by-tar -xSpf -; }
            tar --format=posix -C $source -cSf - . | tar -C by-tar --compare -f -
            rsync -aHS $source/ by-rsync
            [ -z "$(rsync -aHS --checksum --itemize-changes --dry-run $source/ by-rsync | tee /dev/stderr)" ]
            manifest $source >of-source
            for copy in by-tar by-rsync; do
              manifest $copy | diff of-source -
            done

            git init -q --bare repository.git
            git init -q work
            cp -r by-tar/text by-tar/deep/dangling work/
            cd work
            git add -A
            git -c user.name=n -c user.email=e@example.org commit -qm all
            git push -q ../repository.git HEAD:refs/heads/main
            cd ..
            git clone -q -b main "file://$PWD/repository.git" clone
            git -C clone fsck --strict --full
            diff -r --no-dereference -x .git work clone
            """);
        string shared = folder.MakeShared();
        foreach (string copy in (string[])["by-tar", "by-rsync"])
        {
            string onHost = await HostProgram.RunAsync("sh", "-euc", $"{Manifest}\nmanifest '{Path.Combine(shared, copy)}'");
            Assert.Equal(File.ReadAllText(Path.Combine(shared, "of-source")).TrimEnd('\n'), onHost);
        }

        Assert.Empty(await HostProgram.RunAsync("git", "-c", "safe.directory=*", "-C", Path.Combine(shared, "clone"), "status", "--porcelain"));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("always")]
    [InlineData("never")]
    public async Task A_share_is_the_upper_layer_of_an_overlay(string policy)
    {
        _kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        await Exercise.RunAsync(_kernel, folder, policy, """
            busybox insmod "$MODULES/kernel/fs/overlayfs/overlay.ko"
            mkdir -p /run/lower/directory /run/merged upper work
            echo lower >/run/lower/changed
            echo lower >/run/lower/removed
            echo lower >/run/lower/renamed
            echo lower >/run/lower/directory/hidden
            ln -s changed /run/lower/link
            mount -t overlay -o lowerdir=/run/lower,upperdir=$PWD/upper,workdir=$PWD/work overlay /run/merged
            share=$PWD
            cd /run/merged
            echo upper >>changed
            chmod 640 changed
            sleep 1.5 # Names are no longer valid under "auto".
            chown 12:34 changed
            rm removed
            mv renamed other
            rm -r directory
            mkdir directory
            echo upper >directory/new
            [ "$(cat link)" = "$(printf 'lower\nupper')" ]
            [ "$(ls directory)" = new ]
            [ "$(LC_ALL=C ls | tr '\n' ' ')" = 'changed directory link other ' ]
            for step in make rename list read delete; do perl "$WORKLOADS/tree.pl" $step tree; done
            cd "$share"
            umount /run/merged
            mount -t overlay -o lowerdir=/run/lower,upperdir=$PWD/upper,workdir=$PWD/work overlay /run/merged
            [ "$(LC_ALL=C ls /run/merged | tr '\n' ' ')" = 'changed directory link other ' ]
            [ "$(stat -c '%a %u %g' /run/merged/changed)" = '640 12 34' ]
            [ "$(ls /run/merged/directory)" = new ]
            umount /run/merged
            """);
        string upper = Path.Combine(folder.MakeShared(), "upper");
        Assert.Equal("lower\nupper\n", File.ReadAllText(Path.Combine(upper, "changed")));
        Assert.Equal("character special file 0 0", await HostProgram.RunAsync("stat", "-c", "%F %t %T", Path.Combine(upper, "removed")));
    }
}
