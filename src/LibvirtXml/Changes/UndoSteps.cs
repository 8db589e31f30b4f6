using System.Runtime.ExceptionServices;

namespace VirtioFs.LibvirtXml;

/// <summary>What takes back the steps of a change that fails. Every step is tried, the last one first, whatever becomes of the others.</summary>
internal sealed class UndoSteps
{
    private readonly Stack<(string Done, Action Undo)> _steps = new();

    /// <summary>Notes a step that was done.</summary>
    /// <param name="done">What was done, such as "the device 'share' was plugged in".</param>
    /// <param name="undo">Takes it back.</param>
    public void Add(string done, Action undo) => _steps.Push((done, undo));

    /// <summary>Takes back all steps and throws.</summary>
    /// <param name="first">The failure that ends the change. It is thrown itself when all could be taken back.</param>
    /// <exception cref="ChangeNotUndoneException">A step could not be taken back.</exception>
    public void UndoAndThrow(Exception first)
    {
        List<(string, Exception)> notUndone = [];
        while (_steps.TryPop(out (string Done, Action Undo) step))
        {
            try
            {
                step.Undo();
            }
            catch (Exception failure)
            {
                notUndone.Add((step.Done, failure));
            }
        }

        if (notUndone.Count > 0)
        {
            throw new ChangeNotUndoneException(first, notUndone);
        }

        ExceptionDispatchInfo.Throw(first);
    }
}
