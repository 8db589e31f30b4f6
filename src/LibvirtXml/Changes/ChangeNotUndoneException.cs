namespace VirtioFs.LibvirtXml.Changes;

/// <summary>
/// A change failed, and what had been done of it could not be undone completely. <see cref="Exception.InnerException"/> is an
/// <see cref="AggregateException"/> of the first failure and those of undoing.
/// </summary>
public sealed class ChangeNotUndoneException : LibvirtXmlException
{
    internal ChangeNotUndoneException(Exception first, IReadOnlyList<(string Step, Exception Failure)> notUndone)
        : base("ChangeNotUndone", ErrorKind.Failed, Describe(first, notUndone), new AggregateException([first, .. notUndone.Select(step => step.Failure)]))
    {
        First = first;
        NotUndone = [.. notUndone.Select(step => step.Step)];
    }

    /// <summary>What failed first.</summary>
    public Exception First { get; }

    /// <summary>The steps that stay done, each in words such as "the device 'share' was plugged in".</summary>
    public IReadOnlyList<string> NotUndone { get; }

    private static string Describe(Exception first, IReadOnlyList<(string Step, Exception Failure)> notUndone)
    {
        IEnumerable<string> steps = notUndone.Select(step => $"{step.Step} ({step.Failure.Message.TrimEnd('.')})");
        return $"{first.Message.TrimEnd('.')}. Not all could be undone: {string.Join("; ", steps)}. Look at the domain before you go on.";
    }
}
