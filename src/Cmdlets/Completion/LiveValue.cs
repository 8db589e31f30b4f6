namespace VirtioFs.Cmdlets;

/// <summary>One value that a completer offers.</summary>
/// <param name="Text">The value, unquoted.</param>
/// <param name="ToolTip">What the user sees beside it; not empty.</param>
public readonly record struct LiveValue(string Text, string ToolTip);
