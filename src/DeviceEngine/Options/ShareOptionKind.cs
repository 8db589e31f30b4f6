namespace VirtioFs.DeviceEngine.Options;

/// <summary>What the text of an option's value may be.</summary>
public enum ShareOptionKind
{
    /// <summary>On or off; without a value it is on.</summary>
    Switch,

    /// <summary>One word of a few.</summary>
    Choice,

    /// <summary>A whole number in decimal digits.</summary>
    Number,

    /// <summary>A time in seconds, such as 1 or 0.5, or as hours, minutes and seconds.</summary>
    Seconds,

    /// <summary>Text such as a path, a tag or a mode.</summary>
    Text,

    /// <summary>A rule in a grammar of its own; several add up where the option may repeat.</summary>
    Rule,
}
