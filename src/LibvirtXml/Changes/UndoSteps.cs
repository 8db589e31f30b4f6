using System.Runtime.ExceptionServices;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>What takes back the steps of a change that fails. Every step is tried, the last one first, whatever becomes of the others.</summary>
public sealed class UndoSteps
{
    private readonly Stack<(string Done, Action Undo)> _steps = new();

    /// <summary>Makes a change wholly or not at all: when it fails, what it has noted is taken back.</summary>
    /// <param name="change">The change, which notes what takes each of its steps back.</param>
    /// <exception cref="ChangeNotUndoneException">The change failed, and a step could not be taken back. Any other failure is thrown as it is.</exception>
    public static void Run(Action<UndoSteps> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        UndoSteps undo = new();
        try
        {
            change(undo);
        }
        catch (Exception failure)
        {
            undo.UndoAndThrow(failure);
        }
    }

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
