using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class MalformedXmlTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("no xml", 1)]
    [InlineData("<domain>", 1)]
    [InlineData("<domain>\n  <name>a</nam>\n</domain>", 2)]
    [InlineData("<domain>\n  <name a=1/>\n</domain>", 2)]
    [InlineData("<domain>\n  &unknown;\n</domain>", 2)]
    [InlineData("<domain/><domain/>", 1)]
    [InlineData("<domain>&#0;</domain>", 1)]
    [InlineData("<domain a='1' a='2'/>", 1)]
    [InlineData("<domain><x:y/></domain>", 1)]
    public void Malformed_text_is_one_error_with_its_place(string xml, int line)
    {
        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => Domain.Parse(xml));

        Assert.Equal("MalformedXml", exception.ErrorId);
        Assert.Equal(line, exception.Line);
        Assert.Contains("not well-formed", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<domain")]
    [InlineData("<domain><name>a")]
    public void A_text_that_ends_too_early_is_told_in_whole_sentences(string xml)
    {
        string message = Assert.Throws<DomainXmlException>(() => Domain.Parse(xml)).Message;

        Assert.EndsWith(". Correct it there and try again.", message, StringComparison.Ordinal);
        Assert.DoesNotContain(": .", message, StringComparison.Ordinal);
        Assert.DoesNotContain(":  ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_type_declaration_is_refused_whatever_it_holds()
    {
        string bomb = "<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]><domain>&b;&f;</domain>";

        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => Domain.Parse(bomb));

        Assert.Contains("DOCTYPE", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_cpu_elements_are_one_error_that_names_both_places()
    {
        string xml = "<domain>\n  <name>a</name>\n  <cpu mode='host-model'/>\n    <cpu><numa/></cpu>\n</domain>";

        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => Domain.Parse(xml));

        Assert.Equal("DuplicateElement", exception.ErrorId);
        Assert.Equal((4, 5), (exception.Line, exception.Column));
        Assert.Contains("2 <cpu> elements", exception.Message, StringComparison.Ordinal);
        Assert.Contains("line 3, column 3", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memoryBacking")]
    [InlineData("devices")]
    [InlineData("name")]
    public void Other_elements_that_may_stand_once_are_refused_twice(string name)
    {
        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => Domain.Parse($"<domain><{name}/><{name}/></domain>"));

        Assert.Equal("DuplicateElement", exception.ErrorId);
    }

    [Fact]
    public void Another_root_element_is_named()
    {
        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => Domain.Parse("<network/>"));

        Assert.Equal("NotADomain", exception.ErrorId);
        Assert.Contains("<network>", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_nested_without_end_are_refused_and_do_not_overflow_the_stack()
    {
        string xml = "<domain>" + string.Concat(Enumerable.Repeat("<a>", 100_000)) + string.Concat(Enumerable.Repeat("</a>", 100_000)) + "</domain>";

        Assert.Throws<DomainXmlException>(() => Domain.Parse(xml));
    }

    [Fact]
    public void Bytes_that_are_not_in_the_declared_encoding_are_refused_with_the_files_name()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", [.. "<domain><name>"u8, 0xFF, 0xFE, .. "</name></domain>"u8]);

        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => DomainFile.Load(path));

        Assert.Equal("InvalidEncoding", exception.ErrorId);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_xml_cannot_carry_is_refused_and_leaves_the_domain_as_it_was()
    {
        const string Xml = "<domain>\n  <name>a</name>\n</domain>";
        Domain domain = Domain.Parse(Xml);

        DomainRuleException exception = Assert.Throws<DomainRuleException>(
            () => domain.AddFileSystem(new FileSystem { Tag = "a\u0001", SourceDirectory = "/srv" }));

        Assert.Contains("U+0001", exception.Message, StringComparison.Ordinal);
        Assert.Equal(Xml, domain.Xml);
    }
}
