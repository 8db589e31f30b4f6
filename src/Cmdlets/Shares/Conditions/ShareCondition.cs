namespace VirtioFs.Cmdlets;

/// <summary>What can be waited for of a share.</summary>
public enum ShareCondition
{
    /// <summary>A virtual machine is connected.</summary>
    Connected,

    /// <summary>None is.</summary>
    Disconnected,

    /// <summary>The guest has no file open and has asked for nothing for a second; so is a share that nobody uses.</summary>
    Idle,
}
