using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>
/// System calls that a new process makes, one after the other, and nothing else. A process of .NET has threads, and clone(2) takes only the
/// calling one along, so whatever asks the runtime for anything would wait for threads that are not there. So all that the child needs is
/// laid down in native memory before; it runs one method, compiled before, that calls the kernel without telling the runtime.
/// </summary>
internal sealed unsafe class RawSteps : IDisposable
{
    private const int Capacity = 128;
    private const int CloseOnExec = 0x80000;

    private readonly List<nint> _memory = [];
    private readonly List<string> _names = [];
    private readonly Plan* _plan;

    internal RawSteps()
    {
        _plan = (Plan*)Allocate((nuint)sizeof(Plan));
        _plan->Steps = (RawStep*)Allocate((nuint)(Capacity * sizeof(RawStep)));
        nint library = NativeLibrary.Load("libc.so.6");
        _plan->Call = NativeLibrary.GetExport(library, "syscall");
        _plan->Error = NativeLibrary.GetExport(library, "__errno_location");
        (_plan->CloneNumber, _plan->WriteNumber, _plan->ExitNumber) = (SandboxCalls.Clone, SandboxCalls.Write, SandboxCalls.ExitGroup);
    }

    /// <summary>Adds a call; the sentence says what failed where it does.</summary>
    internal void Add(string failure, RawStepRule rule, int number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0)
    {
        _plan->Steps[_plan->Count++] = new RawStep { Number = number, A = a, B = b, C = c, D = d, E = e, Rule = rule };
        _names.Add(failure);
    }

    /// <summary>Native memory that lives as long as this.</summary>
    internal nint Allocate(nuint size)
    {
        nint memory = (nint)NativeMemory.AllocZeroed(size);
        _memory.Add(memory);
        return memory;
    }

    /// <summary>A text for the kernel.</summary>
    internal nint Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        nint memory = Allocate((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>((void*)memory, bytes.Length));
        return memory;
    }

    /// <summary>Texts for the kernel, with a null pointer at their end.</summary>
    internal nint Texts(IReadOnlyList<string> texts)
    {
        nint memory = Allocate((nuint)((texts.Count + 1) * sizeof(nint)));
        for (int i = 0; i < texts.Count; i++)
        {
            ((nint*)memory)[i] = Text(texts[i]);
        }

        return memory;
    }

    /// <summary>Starts a process with these steps; answers its number. <see cref="AwaitSteps"/> tells how it went.</summary>
    /// <exception cref="LinuxException">There is no process.</exception>
    internal int Start(nint flags, out FileDescriptor report)
    {
        int* ends = stackalloc int[2];
        _ = LinuxException.Check(LibC.Result(LibC.pipe2(ends, CloseOnExec)), "Making a pipe failed");
        report = new FileDescriptor(ends[0]);
        _plan->Report = ends[1];
        _plan->Flags = flags;
        nint child = Fork(_plan);
        int errno = child < 0 ? Marshal.GetLastSystemError() : 0;
        FileDescriptor.Close(ends[1]);
        if (child < 0)
        {
            report.Dispose();
            throw new LinuxException("Making the process failed", errno);
        }

        return (int)child;
    }

    /// <summary>Waits until the process has made all of its steps.</summary>
    /// <exception cref="LinuxException">One failed.</exception>
    internal void AwaitSteps(FileDescriptor report)
    {
        int* failure = stackalloc int[2];
        nint read;
        do
        {
            read = LibC.Result(LibC.read(report.Value, failure, 8));
        }
        while (read == -Errno.EINTR);
        if (read > 0)
        {
            throw new LinuxException(_names[failure[0]], failure[1]);
        }
    }

    public void Dispose() => _memory.ForEach(memory => NativeMemory.Free((void*)memory));

    // Nothing of the runtime may be asked for in here: no call that is not the kernel's, no static, no allocation.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static nint Fork(Plan* plan)
    {
        var call = (delegate* unmanaged[SuppressGCTransition]<nint, nint, nint, nint, nint, nint, nint>)plan->Call;
        var error = (delegate* unmanaged[SuppressGCTransition]<int*>)plan->Error;
        nint child = call(plan->CloneNumber, plan->Flags, 0, 0, 0, 0);
        if (child != 0)
        {
            return child;
        }

        nint kept = 0;
        for (int i = 0; i < plan->Count; i++)
        {
            RawStep* step = plan->Steps + i;
            nint result = call(step->Number, (step->Rule & RawStepRule.TakesFirst) != 0 ? kept : step->A, step->B, step->C, step->D, step->E);
            if ((step->Rule & RawStepRule.Optional) == 0 && (result < 0 || (result == 0 && (step->Rule & RawStepRule.Positive) != 0)))
            {
                plan->Failed = i;
                plan->Errno = *error();
                _ = call(plan->WriteNumber, plan->Report, (nint)(&plan->Failed), 8, 0, 0);
                _ = call(plan->ExitNumber, 127, 0, 0, 0, 0);
            }

            kept = (step->Rule & RawStepRule.Keeps) != 0 ? result : kept;
        }

        _ = call(plan->ExitNumber, 0, 0, 0, 0, 0);
        return 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Plan
    {
        public nint Call;
        public nint Error;
        public nint CloneNumber;
        public nint WriteNumber;
        public nint ExitNumber;
        public nint Flags;
        public RawStep* Steps;
        public int Count;
        public int Report;
        public int Failed;
        public int Errno;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int pipe2(int* ends, int flags);

    [LibraryImport(Library)]
    internal static partial int waitpid(int process, int* status, int options);

    [LibraryImport(Library)]
    internal static partial int kill(int process, int signal);

    [LibraryImport(Library)]
    internal static partial int chroot(byte* path);
}
