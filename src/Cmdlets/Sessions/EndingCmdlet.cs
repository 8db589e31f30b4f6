using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that ends something under a guest that uses it.</summary>
public abstract class EndingCmdlet : ShareCmdlet
{
    /// <summary>Does it without asking.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits what was ended, as it was before.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>
    /// Asks, unless the user has said -Force or nobody uses what is ended: that stands for the answer, but not against -WhatIf or -Confirm.
    /// </summary>
    private protected bool MayEnd(object target, string action, string caption, bool isUsed = true)
    {
        bool asksByItself = !MyInvocation.BoundParameters.ContainsKey("Confirm")
            && GetVariableValue("ConfirmPreference") is ConfirmImpact.High or "High";
        if ((!Force && isUsed) || !asksByItself)
        {
            return Confirms(target, action, caption);
        }

        // ShouldProcess would ask at this threshold, since the impact is high; so -WhatIf alone is left to obey.
        return !IsWhatIf() || Confirms(target, action, caption);
    }

    private bool IsWhatIf() => MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given)
        ? given is SwitchParameter { IsPresent: true }
        : GetVariableValue("WhatIfPreference") is true or SwitchParameter { IsPresent: true };
}
