using System.Text.Json.Serialization;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>Reads and writes what <see cref="CloudHypervisorApi"/> describes.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CloudHypervisorApi.VmInfo))]
[JsonSerializable(typeof(CloudHypervisorApi.FsConfig))]
[JsonSerializable(typeof(CloudHypervisorApi.PciDeviceInfo))]
[JsonSerializable(typeof(CloudHypervisorApi.VmRemoveDevice))]
internal sealed partial class CloudHypervisorJson : JsonSerializerContext;
