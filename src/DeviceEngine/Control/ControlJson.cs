using System.Text.Json.Serialization;
using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>The records of the control channel as JSON, by code that is made at build time: reflection is not there in an executable of machine code.</summary>
[JsonSourceGenerationOptions(MaxDepth = 16, RespectNullableAnnotations = true, Converters = [typeof(OperationTotals)])]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlAnswer))]
[JsonSerializable(typeof(ShareRecord))]
[JsonSerializable(typeof(OperationCountersState))]
internal sealed partial class ControlJson : JsonSerializerContext;
