using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.Cmdlets;

/// <summary>What the cmdlets can do about what the library reports. The library says what is wrong, and knows no cmdlets.</summary>
internal static class CommandAdvice
{
    private const string ShareMemory = "Set-VMMemoryBacking -Shared does that.";
    private const string AddPort = "Leave -Live out, and add -AddPciePort to Add-VMFileSystem for a free port at the next -Live.";
    private const string StartShare = "Start-VirtioFsShare starts one.";

    /// <summary>Lets an error's message end with what to do.</summary>
    internal static LibvirtXmlException Add(LibvirtXmlException error)
    {
        if (error.ErrorId == "NoPciSlot" && !error.Advice!.EndsWith(AddPort, StringComparison.Ordinal))
        {
            error.Advice = $"{error.Advice} {AddPort}";
        }

        if (error is ShareUnavailableException { Advice: null } unavailable)
        {
            string first = error.ErrorId == "ShareNotRunning" ? "Start the share with" : "Stop that share, and start it with";
            error.Advice = $"{first}: Start-VirtioFsShare -Path <directory> -Tag '{unavailable.Device.Tag}' -Domain '{unavailable.DomainName}'.";
        }

        if (error.Advice is null && For(error.ErrorId) is string advice && !error.Message.Contains(advice, StringComparison.Ordinal))
        {
            error.Advice = advice;
        }

        return error;
    }

    /// <summary>A warning's message, and what to do.</summary>
    internal static string MessageOf(Advice warning) => For(warning.Id) is string advice ? $"{warning.Message} {advice}" : warning.Message;

    /// <summary>Whether a domain's memory can be shared, and what to do when it cannot.</summary>
    internal static string MessageOf(SharedMemoryResult result) => result.IsShared ? result.Message : $"{result.Message} {ShareMemory}";

    private static string? For(string id) => id switch
    {
        "DomainNotFound" => "Get-VMDomain lists those that are there.",
        "DomainTransient" => "-Live changes the running guest; Import-VMDomain -Force defines a domain that runs.",
        "DomainNotRunning" => "Leave -Live out, or start it with Start-VMDomain.",
        "GuestDoesNotStop" => "Wait longer with -TimeoutSeconds, or stop it at once with -Force.",
        "DomainChanged" => "Get-VMDomain reads it.",
        "StoredDefinitionDiffers" => "Get-VMDomain -Inactive reads the stored definition.",
        "OperationInvalid" => "Get-VMDomain shows it.",
        "SecretsNotRead" => "Leave -ReadOnly out of Get-VMDomain.",
        "ReadOnlyConnection" => "Leave -ReadOnly out.",
        "LibvirtUnavailable" => "-Path, -Xml and -InputObject take it.",
        "DeviceNotFound" => "Get-VMFileSystem shows them.",
        "DuplicateTag" => "Set-VMFileSystem changes a file system.",
        "SharedMemoryRequired" or "StillNotShared" => ShareMemory,
        "SocketMissing" or "SocketNotAccepting" or "SocketRequired" => StartShare,
        "ReadOnlyIsTheSharesOwn" => "Start-VirtioFsShare -ReadOnly starts one.",
        "AnonymousReplaced" => "Pass -Source to choose another one.",
        "InvalidPageSize" => "Get-HugePagePool shows the sizes that this host has.",
        "HugePageNodeNotFound" => "-NumaCell adds cells.",
        "NotADomain" or "SecretsLeftOut" => "Export-VMDomain -IncludeSecret writes a whole definition.",
        _ => null,
    };
}
