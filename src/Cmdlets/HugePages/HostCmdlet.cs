using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that deals with this host's memory.</summary>
public abstract class HostCmdlet : VirtioFsCmdlet
{
    /// <summary>Writes what to know about a change that was made.</summary>
    private protected void WriteWarnings(IEnumerable<Advice> warnings)
    {
        foreach (Advice warning in warnings)
        {
            WriteWarning(warning.Message);
        }
    }

    /// <summary>Runs a step; an error of the library is written for the item, and the pipeline goes on.</summary>
    private protected void Try(object? target, Action step)
    {
        try
        {
            step();
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (LibvirtXmlException exception)
        {
            (string errorId, ErrorCategory category) = ErrorCategories.Of(exception);
            WriteFailure(errorId, category, target, exception, ErrorAdvice.For(errorId, exception.Message));
        }
    }
}
