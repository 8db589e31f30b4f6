using System.Text;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>One argument of QEMU: <c>type,name=value,…</c>; a comma in a value is doubled.</summary>
internal sealed class QemuWords(string type)
{
    private readonly StringBuilder _text = new(type);

    public QemuWords With(string name, string? value)
    {
        if (value is not null)
        {
            _text.Append(',').Append(name).Append('=').Append(value.Replace(",", ",,", StringComparison.Ordinal));
        }

        return this;
    }

    public QemuWords WithEach(string name, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            With(name, value);
        }

        return this;
    }

    public override string ToString() => _text.ToString();
}
