namespace VirtioFs.LibvirtXml;

/// <summary>Something the user should know about a change that was made all the same.</summary>
/// <param name="Id">A name that stays the same from release to release.</param>
/// <param name="Message">A full sentence that names the thing and says what to do.</param>
public sealed record Advice(string Id, string Message)
{
    /// <summary>The message.</summary>
    /// <returns>The sentence alone.</returns>
    public override string ToString() => Message;
}
