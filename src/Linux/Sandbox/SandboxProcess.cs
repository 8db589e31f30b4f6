using System.Globalization;

namespace VirtioFs.Linux;

/// <summary>A process with namespaces of its own, made and watched by this one.</summary>
public sealed unsafe class SandboxProcess : IDisposable
{
    private const nint NewMounts = 0x20000, NewHostName = 0x4000000, NewIpc = 0x8000000, NewUsers = 0x10000000, NewProcesses = 0x20000000, NewNetwork = 0x40000000;
    private const int ChildSignal = 17, KillSignal = 9;
    private const int DeathSignal = 1, DropBounding = 24, NoNewPrivileges = 38;
    private const int SetDescriptorFlags = 2, CurrentDirectory = -100;
    private const int Recursive = 1 << 14, Slave = 1 << 19, Bind = 1 << 12, NoSetId = 2, NoDevices = 4, NoExecute = 8, Detach = 2;
    private const int CloneTree = 1, AtRecursive = 0x8000, EmptyPath = 4;
    private const int CreateFile = 0x40;

    private readonly RawSteps _steps;
    private readonly FileDescriptor _report;
    private readonly FileDescriptor _gate;
    private readonly bool _hasUsers;

    private SandboxProcess(RawSteps steps, FileDescriptor report, FileDescriptor gate, int id, bool hasUsers) =>
        (_steps, _report, _gate, Id, _hasUsers) = (steps, report, gate, id, hasUsers);

    /// <summary>Its number, as this process sees it.</summary>
    public int Id { get; }

    /// <summary>The calling process's user.</summary>
    public static uint UserId => LibC.geteuid();

    /// <summary>The calling process's group.</summary>
    public static uint GroupId => LibC.getegid();

    /// <summary>The capabilities that the calling process may use.</summary>
    public static ulong PermittedCapabilities => ThreadCapabilities.Read(out ThreadCapabilities own) == 0 ? (ulong)own.Permitted : 0;

    /// <summary>Makes a directory the root of the calling process and of all its threads.</summary>
    /// <exception cref="LinuxException">It was refused.</exception>
    public static void EnterRoot(string path)
    {
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(path + "\0"), root = "/\0"u8)
        {
            _ = LinuxException.Check(LibC.Result(LibC.chroot(text)), $"Changing the root to '{path}' failed");
            _ = LinuxException.Check(LibC.Result(LibC.chdir(root)), "Entering the new root failed");
        }
    }

    /// <summary>Makes the process. It waits for <see cref="Release"/>, so that its users can be mapped before.</summary>
    /// <exception cref="LinuxException">The kernel, or a container around this process, does not allow it.</exception>
    public static SandboxProcess Start(SandboxPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        int* ends = stackalloc int[2];
        _ = LinuxException.Check(LibC.Result(LibC.pipe2(ends, 0x80000)), "Making a pipe failed");
        using FileDescriptor gate = new(ends[0]);
        FileDescriptor opener = new(ends[1]);
        RawSteps steps = new();
        try
        {
            AddBirth(steps, gate.Value, opener.Value);
            AddRights(steps, plan);
            AddProgram(steps, plan);
            nint flags = ChildSignal | (plan.HasUsers ? NewUsers : 0)
                | (plan.HasNamespaces ? NewMounts | NewHostName | NewIpc | NewProcesses | NewNetwork : 0);
            int id = steps.Start(flags, out FileDescriptor report);
            return new SandboxProcess(steps, report, opener, id, plan.HasUsers);
        }
        catch
        {
            opener.Dispose();
            steps.Dispose();
            throw;
        }
    }

    /// <summary>Lets the process begin, and waits until its program runs.</summary>
    /// <exception cref="LinuxException">Something that it needed was refused.</exception>
    public void Release()
    {
        byte go = 1;
        _ = LibC.write(_gate.Value, &go, 1);
        _gate.Dispose();
        _steps.AwaitSteps(_report);
    }

    /// <summary>
    /// Makes a directory, or a directory that holds nothing but one file, the root of the process and of all its threads, and takes everything
    /// else away. Another process does it, which enters the namespaces for that, so this one's program never has the right to.
    /// </summary>
    /// <exception cref="LinuxException">It was refused.</exception>
    public void ChangeRoot(string path, bool isFile, bool isReadOnly)
    {
        using RawSteps steps = new();
        FileDescriptor users = OpenNamespace("user");
        FileDescriptor mounts = OpenNamespace("mnt");
        using (users)
        using (mounts)
        {
            if (_hasUsers)
            {
                steps.Add("Entering the sandbox's users failed", RawStepRule.Required, SandboxCalls.SetNamespace, users.Value, NewUsers);
            }

            steps.Add("Entering the sandbox's mounts failed", RawStepRule.Required, SandboxCalls.SetNamespace, mounts.Value, NewMounts);
            AddRoot(steps, path, isFile, isReadOnly);
            int id = steps.Start(ChildSignal, out FileDescriptor report);
            using (report)
            {
                try
                {
                    steps.AwaitSteps(report);
                }
                finally
                {
                    int status;
                    while (LibC.Result(LibC.waitpid(id, &status, 0)) == -Errno.EINTR)
                    {
                    }
                }
            }
        }
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(int number) => _ = LibC.kill(Id, number);

    /// <summary>Ends the process at once.</summary>
    public void Kill() => Signal(KillSignal);

    /// <summary>Waits for its end. Its exit status, or the negated number of the signal that ended it.</summary>
    public int Wait()
    {
        int status;
        while (LibC.Result(LibC.waitpid(Id, &status, 0)) == -Errno.EINTR)
        {
        }

        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : -(status & 0x7F);
    }

    /// <summary>Lets go of what was made for the process, which lives on.</summary>
    public void Dispose()
    {
        _gate.Dispose();
        _report.Dispose();
        _steps.Dispose();
    }

    private static void AddBirth(RawSteps steps, int gate, int opener)
    {
        nint buffer = steps.Allocate(1);
        steps.Add("Closing a pipe failed", RawStepRule.Required, SandboxCalls.Close, opener);
        steps.Add("Tying the sandbox to its parent failed", RawStepRule.Required, SandboxCalls.ProcessControl, DeathSignal, KillSignal);
        steps.Add("The sandbox's parent is gone", RawStepRule.Positive, SandboxCalls.Read, gate, buffer, 1);
    }

    private static void AddRights(RawSteps steps, SandboxPlan plan)
    {
        if (plan is { HasUsers: true, IsRoot: true })
        {
            steps.Add("Becoming the sandbox's root group failed", RawStepRule.Required, SandboxCalls.SetGroup, 0, 0, 0);
            steps.Add("Leaving all other groups failed", RawStepRule.Optional, SandboxCalls.SetGroups, 0, 0);
            steps.Add("Becoming the sandbox's root failed", RawStepRule.Required, SandboxCalls.SetUser, 0, 0, 0);
        }

        if (plan.HasNamespaces)
        {
            steps.Add("Parting the sandbox's mounts from the host's failed", RawStepRule.Required, SandboxCalls.Mount, 0, steps.Text("/"), 0, Recursive | Slave);
        }

        // Its own root, so that nothing above it can be reached through it; without namespaces that takes a right which may be missing.
        nint descriptors = steps.Text("/proc/self/fd");
        if (plan.HasNamespaces)
        {
            steps.Add("Opening the directory of descriptors failed", RawStepRule.Keeps, SandboxCalls.OpenTree, CurrentDirectory, descriptors, CloneTree | OpenFlags.CloseOnExec);
        }
        else
        {
            steps.Add("Opening the directory of descriptors failed", RawStepRule.Keeps, SandboxCalls.OpenAt, CurrentDirectory, descriptors, OpenFlags.Path | OpenFlags.Directory | OpenFlags.CloseOnExec);
        }

        steps.Add("Keeping the directory of descriptors failed", RawStepRule.TakesFirst, SandboxCalls.DuplicateTo, 0, plan.DescriptorDirectory, 0);
        steps.Add("Leaving the working directory failed", RawStepRule.Required, SandboxCalls.ChangeDirectory, steps.Text("/"));
        for (int capability = 0; capability <= CapabilityNames.Last; capability++)
        {
            if ((plan.Capabilities >> capability & 1) == 0)
            {
                steps.Add("Giving up capabilities failed", RawStepRule.Required, SandboxCalls.ProcessControl, DropBounding, capability);
            }
        }

        nint header = steps.Allocate(8);
        *(uint*)header = 0x20080522;
        nint sets = steps.Allocate(24);
        (uint low, uint high) = ((uint)plan.Capabilities, (uint)(plan.Capabilities >> 32));
        uint* words = (uint*)sets;
        (words[0], words[1], words[3], words[4]) = (low, low, high, high);
        steps.Add("Setting the sandbox's capabilities failed", RawStepRule.Required, SandboxCalls.SetCapabilities, header, sets);
        steps.Add("Giving up new privileges failed", RawStepRule.Required, SandboxCalls.ProcessControl, NoNewPrivileges, 1);

        // Each change of rights has undone it.
        steps.Add("Tying the sandbox to its parent failed", RawStepRule.Required, SandboxCalls.ProcessControl, DeathSignal, KillSignal);
    }

    private static void AddProgram(RawSteps steps, SandboxPlan plan)
    {
        foreach (int descriptor in plan.Descriptors)
        {
            steps.Add("Handing a descriptor on failed", RawStepRule.Required, SandboxCalls.Control, descriptor, SetDescriptorFlags, 0);
        }

        steps.Add(
            $"Starting '{plan.Program}' in the sandbox failed",
            RawStepRule.Required,
            SandboxCalls.Execute,
            steps.Text(plan.Program),
            steps.Texts([plan.Program, .. plan.Arguments]),
            steps.Texts(plan.Environment));
    }

    private static void AddRoot(RawSteps steps, string path, bool isFile, bool isReadOnly)
    {
        string root = isFile ? Path.GetDirectoryName(path)! : path;
        nint rootText = steps.Text(root);
        if (isFile)
        {
            nint place = steps.Text(Path.Combine(root, Path.GetFileName(path)));
            steps.Add($"Opening '{path}' in the sandbox failed", RawStepRule.Keeps, SandboxCalls.OpenTree, CurrentDirectory, steps.Text(path), CloneTree);
            steps.Add("Making the sandbox's root failed", RawStepRule.Required, SandboxCalls.Mount, steps.Text("none"), rootText, steps.Text("tmpfs"), NoSetId | NoDevices | NoExecute, steps.Text("size=64k,mode=755"));
            steps.Add("Making the sandbox's root failed", RawStepRule.Required, SandboxCalls.OpenAt, CurrentDirectory, place, CreateFile, 0x180);
            steps.Add("Making the sandbox's root failed", RawStepRule.TakesFirst, SandboxCalls.MoveMount, 0, steps.Text(string.Empty), CurrentDirectory, place, EmptyPath);
        }
        else
        {
            steps.Add($"Mounting '{path}' as the sandbox's root failed", RawStepRule.Required, SandboxCalls.Mount, rootText, rootText, 0, Bind | Recursive);
        }

        // struct mount_attr (linux/mount.h): what is set. Kernels before 5.12 do not know the call.
        nint attributes = steps.Allocate(32);
        *(ulong*)attributes = NoSetId | NoDevices | NoExecute | (isReadOnly ? 1UL : 0);
        steps.Add("Setting up the sandbox's root failed", RawStepRule.Optional, SandboxCalls.MountSetAttributes, CurrentDirectory, rootText, AtRecursive, attributes, 32);
        nint here = steps.Text(".");
        steps.Add("Entering the sandbox's root failed", RawStepRule.Required, SandboxCalls.ChangeDirectory, rootText);
        steps.Add("Changing the sandbox's root failed", RawStepRule.Required, SandboxCalls.PivotRoot, here, here);
        steps.Add("Taking the host's files from the sandbox failed", RawStepRule.Required, SandboxCalls.Unmount, here, Detach);
    }

    private FileDescriptor OpenNamespace(string kind) => new((int)LinuxException.Check(
        Files.Open($"/proc/{Id.ToString(CultureInfo.InvariantCulture)}/ns/{kind}", OpenFlags.CloseOnExec), "Opening the sandbox's namespaces failed"));
}
