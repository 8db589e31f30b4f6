using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <summary>An attribute, or the text of an element, that may hold a secret.</summary>
/// <param name="Element">The element.</param>
/// <param name="Attribute">The attribute; null for the element's text.</param>
/// <param name="Text">What is there.</param>
/// <param name="Hidden">The same with a mask for each secret.</param>
/// <param name="IsMasked">Whether a mask stands in the place of a secret already.</param>
internal sealed record SecretPlace(XmlElement Element, string? Attribute, string Text, string Hidden, bool IsMasked)
{
    /// <summary>All of it is secret.</summary>
    public static SecretPlace Whole(XmlElement element, string? attribute, string text) =>
        new(element, attribute, text, attribute is null && text.Length == 0 ? text : DomainSecrets.Mask, text == DomainSecrets.Mask);

    /// <summary>A part of it may be.</summary>
    public static SecretPlace Within(XmlElement element, string? attribute, string text) =>
        new(element, attribute, text, SecretText.Hide(text), SecretText.Find(text).Any(secret => secret.Value == DomainSecrets.Mask));
}
