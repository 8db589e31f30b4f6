using System.Text.Json;
using System.Text.Json.Serialization;
using VirtioFs.Fuse.Server;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>The counters of operations as JSON.</summary>
internal sealed class OperationTotals : JsonConverter<OperationCounters>
{
    /// <inheritdoc/>
    public override OperationCounters Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        OperationCounters.Of(JsonSerializer.Deserialize(ref reader, ControlJson.Default.OperationCountersState)
            ?? throw new JsonException("There are no counters."));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, OperationCounters value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Save(), ControlJson.Default.OperationCountersState);
}
