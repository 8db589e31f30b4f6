namespace VirtioFs.Linux;

/// <summary>
/// Writes a filter of system calls for <c>seccomp(2)</c>: a list that is gone through from its beginning. Kernels since 5.11 remember which
/// numbers are allowed whatever their arguments, and run nothing for those.
/// </summary>
/// <param name="otherwise">What is done with a call that is not allowed (<c>SECCOMP_RET_…</c>).</param>
internal sealed class FilterProgram(uint otherwise)
{
    /// <summary><c>SECCOMP_RET_ERRNO</c>, to which the error number is added.</summary>
    internal const uint RefuseWith = 0x00050000;

    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfGreaterOrEqual = 0x35, And = 0x54, Return = 0x06;
    private const uint Allow = 0x7FFF0000;

    // struct seccomp_data (linux/seccomp.h): number, architecture, instruction pointer, six arguments. Both architectures are little-endian.
    private const uint Number = 0, Architecture = 4, FirstArgument = 16, ArgumentSize = 8, UpperHalf = 4;

    private readonly List<FilterInstruction> _code = [];

    internal ReadOnlySpan<FilterInstruction> Code => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_code);

    /// <summary>Begins: calls by another architecture's table are not allowed.</summary>
    internal void Begin(uint architecture)
    {
        _code.Add(new(Load, 0, 0, Architecture));
        _code.Add(new(JumpIfEqual, 1, 0, architecture));
        Refuse();
        _code.Add(new(Load, 0, 0, Number));
    }

    /// <summary>Allows a call, whatever its arguments.</summary>
    internal void AllowCall(int number)
    {
        _code.Add(new(JumpIfEqual, 0, 1, (uint)number));
        _code.Add(new(Return, 0, 0, Allow));
    }

    /// <summary>Answers a call with an error number.</summary>
    internal void RefuseCall(int number, int errno)
    {
        _code.Add(new(JumpIfEqual, 0, 1, (uint)number));
        _code.Add(new(Return, 0, 0, RefuseWith | (uint)errno));
    }

    /// <summary>Answers all calls from a number on with an error number.</summary>
    internal void RefuseFrom(uint number, int errno)
    {
        _code.Add(new(JumpIfGreaterOrEqual, 0, 1, number));
        _code.Add(new(Return, 0, 0, RefuseWith | (uint)errno));
    }

    /// <summary>Allows a call where the lower half of an argument is one of some values. The kernel takes these arguments as 32 bits.</summary>
    internal void AllowWhereOneOf(int number, int argument, params ReadOnlySpan<uint> values)
    {
        // Load, two for each value, and the refusal.
        _code.Add(new(JumpIfEqual, 0, (byte)((2 * values.Length) + 2), (uint)number));
        _code.Add(new(Load, 0, 0, LowerHalf(argument)));
        foreach (uint value in values)
        {
            _code.Add(new(JumpIfEqual, 0, 1, value));
            _code.Add(new(Return, 0, 0, Allow));
        }

        Refuse();
    }

    /// <summary>Allows a call where some bits of an argument's lower half have a value.</summary>
    internal void AllowWhereMasked(int number, int argument, uint mask, uint value)
    {
        _code.Add(new(JumpIfEqual, 0, 5, (uint)number));
        _code.Add(new(Load, 0, 0, LowerHalf(argument)));
        _code.Add(new(And, 0, 0, mask));
        _code.Add(new(JumpIfEqual, 0, 1, value));
        _code.Add(new(Return, 0, 0, Allow));
        Refuse();
    }

    /// <summary>Allows a call where a pointer is null.</summary>
    internal void AllowWhereNull(int number, int argument)
    {
        _code.Add(new(JumpIfEqual, 0, 6, (uint)number));
        _code.Add(new(Load, 0, 0, LowerHalf(argument)));
        _code.Add(new(JumpIfEqual, 0, 3, 0));
        _code.Add(new(Load, 0, 0, LowerHalf(argument) + UpperHalf));
        _code.Add(new(JumpIfEqual, 0, 1, 0));
        _code.Add(new(Return, 0, 0, Allow));
        Refuse();
    }

    /// <summary>Ends: what was not named is not allowed.</summary>
    internal void End() => Refuse();

    private static uint LowerHalf(int argument) => FirstArgument + ((uint)argument * ArgumentSize);

    private void Refuse() => _code.Add(new(Return, 0, 0, otherwise));
}
