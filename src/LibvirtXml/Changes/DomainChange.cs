using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>
/// The one way to change the definition of a domain of libvirt: it is read, changed as a copy, described for the question before it, and
/// carried out wholly or not at all, unless somebody else has changed the domain in between.
/// </summary>
public sealed class DomainChange : IDisposable
{
    private readonly LibvirtConnection _connection;
    private readonly LibvirtDomain? _present;
    private readonly bool _ownsPresent;
    private readonly bool _wasTransient;
    private readonly DomainRevision? _revision;
    private Domain? _stored;
    private (Guid Uuid, string Xml)? _committed;
    private readonly List<(Func<Domain, ChangeResult> Change, ChangeResult Result)> _changes = [];

    private DomainChange(LibvirtConnection connection, LibvirtDomain? present, bool ownsPresent, Domain? stored, Domain definition, DomainRevision? revision)
    {
        _connection = connection;
        _present = present;
        _ownsPresent = ownsPresent;
        _stored = stored;
        _revision = revision;
        _wasTransient = present is not null && stored is null;
        Definition = definition;
    }

    /// <summary>The definition as it shall be.</summary>
    public Domain Definition { get; private set; }

    /// <summary>The domain that libvirt has; null when the change defines a new one.</summary>
    public LibvirtDomain? Present => _present;

    /// <summary>Each setting that is changed, as far as this library knows it; empty for a new domain.</summary>
    public IReadOnlyList<Change> Changes => _stored is null ? [] : [.. DomainDifference.Between(_stored, Definition)];

    /// <summary>Whether the change changes nothing.</summary>
    public bool IsEmpty => _stored is not null && Definition.Xml == _stored.Xml;

    /// <summary>Begins to edit the stored definition of a domain.</summary>
    /// <param name="domain">The domain; it stays the caller's.</param>
    /// <returns>The change, which is empty.</returns>
    /// <exception cref="DomainRuleException">The domain is transient: there is no stored definition.</exception>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public static DomainChange Edit(LibvirtDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (!domain.IsPersistent)
        {
            throw Transient(domain);
        }

        Domain stored = ReadStored(domain);
        return new DomainChange(domain.Connection, domain, ownsPresent: false, stored, stored.Edit(), revision: null);
    }

    /// <summary>Begins to give libvirt a whole definition.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="wanted">The definition. Without a UUID it is taken for the domain that libvirt has by its name.</param>
    /// <param name="revision">
    /// What the definition was read from; null for one that was not read from libvirt. Where it was read from the running guest, or without
    /// passwords, its changes are carried over to the stored definition.
    /// </param>
    /// <param name="makePersistent">Whether a transient domain gets a stored definition by this.</param>
    /// <returns>The change.</returns>
    /// <exception cref="DomainConflictException">Somebody has changed or removed the domain since it was read.</exception>
    /// <exception cref="DomainRuleException">The domain is transient, or another one has its name.</exception>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public static DomainChange Define(LibvirtConnection connection, Domain wanted, DomainRevision? revision = null, bool makePersistent = false)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wanted);
        DomainRevision? counts = revision?.Connection == connection.Uri ? revision : null;
        wanted.RequireSecrets(areReadAgain: counts is not null);
        LibvirtDomain? present = Find(connection, counts?.Uuid ?? wanted.Uuid, wanted.Name);
        try
        {
            return Define(connection, present, wanted, counts, makePersistent);
        }
        catch
        {
            present?.Dispose();
            throw;
        }
    }

    /// <summary>Makes a change of the definition. It is made again on what libvirt has when it is carried out, if that has become another.</summary>
    /// <param name="change">The change, which depends on nothing but its argument.</param>
    /// <returns>What it changed, and what to know about it.</returns>
    /// <exception cref="DomainRuleException">libvirt or QEMU would refuse the result; the definition is as it was.</exception>
    public ChangeResult Apply(Func<Domain, ChangeResult> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Domain changed = Definition.Edit();
        ChangeResult result = change(changed);
        Definition = changed;
        _changes.Add((change, result));
        return result;
    }

    /// <summary>What the change does, in a sentence without its end.</summary>
    /// <returns>A text such as "Change the definition of domain 'a' at qemu:///system: access: (none) -> shared".</returns>
    public string Describe()
    {
        string place = $"domain '{Definition.Name}' at {_connection.Uri}";
        if (_present is null || _stored is null)
        {
            string novelty = _present is null ? "is new there" : "runs there without one";
            string tags = Definition.FileSystems.Count == 0 ? "none" : string.Join(", ", Definition.FileSystems.Select(fileSystem => fileSystem.ToString()));
            return $"Define {place}, which {novelty}: memory {Definition.Memory}, {Definition.VirtualCpus} virtual CPUs, file systems: {tags}";
        }

        IReadOnlyList<Change> changes = Changes;
        return changes.Count > 0
            ? $"Change the definition of {place}: {string.Join("; ", changes)}"
            : $"Write the definition of {place} anew; memory backing and file systems stay as they are";
    }

    /// <summary>Carries the change out, wholly or not at all.</summary>
    /// <param name="validate">Whether libvirt holds the XML against its schema first.</param>
    /// <param name="live">Whether the running guest's virtio-fs devices are brought in line with the definition too.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="DomainConflictException">Somebody else has changed the domain; nothing was changed.</exception>
    /// <exception cref="ChangeNotUndoneException">A step failed, and not all could be undone.</exception>
    /// <exception cref="LibvirtXmlException">A step failed; the domain is as it was.</exception>
    /// <exception cref="OperationCanceledException">The connection's token was cancelled; the domain is as it was.</exception>
    public DomainChangeReport Commit(bool validate = true, bool live = false)
    {
        using DomainLock? held = (_present?.Uuid ?? Definition.Uuid) is Guid uuid ? DomainLock.Take(_connection, uuid, Definition.ToString()) : null;
        RequireCurrent();
        UndoSteps undo = new();
        LibvirtDomain? defined = null;
        try
        {
            defined = _connection.Define(Definition, validate);
            Guid identity = defined.Uuid;
            undo.Add("the definition was changed", () => TakeBack(identity));
            LiveFileSystems devices = new(defined);
            bool isRunning = defined.IsActive;
            bool isAligned = live && isRunning && devices.CanPlug;
            IReadOnlyList<Change> plugged = isAligned ? devices.Align(Definition, undo) : [];

            // Read under the lock: what others make of the domain from here on is not what the caller has seen.
            DomainReading after = DomainReading.Read(defined);
            _committed = (identity, after.Stored!.Xml);
            return new DomainChangeReport(defined, after.Revision, Changes, plugged, isRunning, isAligned);
        }
        catch (Exception failure)
        {
            defined?.Dispose();
            undo.UndoAndThrow(failure);
            throw;
        }
    }

    /// <summary>Takes back what <see cref="Commit"/> has done to the stored definition, also when the user has stopped the change.</summary>
    /// <exception cref="DomainConflictException">Somebody has changed the domain since.</exception>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public void TakeBack()
    {
        if (_committed is not (Guid uuid, string xml))
        {
            return;
        }

        LibvirtConnection connection = _connection.WithCancellation(CancellationToken.None);
        using DomainLock held = DomainLock.Take(connection, uuid, Definition.ToString());
        using LibvirtDomain domain = connection.GetDomain(uuid);
        Require(ReadStored(domain).Xml == xml);
        TakeBack(uuid);
        _committed = null;
    }

    /// <summary>Lets go of the domain; libvirt keeps it.</summary>
    public void Dispose()
    {
        if (_ownsPresent)
        {
            _present?.Dispose();
        }
    }

    private static DomainChange Define(LibvirtConnection connection, LibvirtDomain? present, Domain wanted, DomainRevision? revision, bool makePersistent)
    {
        if (present is null)
        {
            return revision is null
                ? new DomainChange(connection, null, ownsPresent: false, null, wanted.Edit(), null)
                : throw new DomainConflictException(revision.Name, connection.Uri);
        }

        if (!present.IsPersistent)
        {
            Domain running = makePersistent ? wanted.Edit() : throw Transient(present);
            running.AdoptUuid(present.Uuid);
            return new DomainChange(connection, present, ownsPresent: true, null, running, revision);
        }

        Domain stored = ReadStored(present);
        revision?.RequireCurrent(present, stored);
        bool isStoredView = revision is null || wanted.OriginalXml == stored.Xml;
        Domain definition = isStoredView ? wanted.Edit() : DomainRebase.Carry(Domain.Parse(wanted.OriginalXml), wanted, stored);
        definition.AdoptUuid(present.Uuid);
        definition.IsWithoutSecrets = false;
        return new DomainChange(connection, present, ownsPresent: true, stored, definition, revision);
    }

    /// <summary>The domain with a UUID, or else, for a definition that has none or another's name, the one with its name.</summary>
    private static LibvirtDomain? Find(LibvirtConnection connection, Guid? uuid, string? name)
    {
        LibvirtDomain? found = uuid is Guid identity ? OrNull(() => connection.GetDomain(identity)) : null;
        return found ?? (name is null ? null : OrNull(() => connection.GetDomainByName(name)));
    }

    private static LibvirtDomain? OrNull(Func<LibvirtDomain> find)
    {
        try
        {
            return find();
        }
        catch (LibvirtException exception) when (exception.ErrorId == "DomainNotFound")
        {
            return null;
        }
    }

    private static Domain ReadStored(LibvirtDomain domain) => domain.GetDefinition(inactive: true, secure: !domain.Connection.IsReadOnly);

    private static DomainRuleException Transient(LibvirtDomain domain) => new(
        "DomainTransient",
        $"The domain '{domain.Name}' at {domain.Connection.Uri} is transient: it has no stored definition to change, and would get one by this. Change the running guest, or " +
        "define it first.",
        ErrorKind.InvalidState);

    /// <summary>Throws when libvirt has something else than what the change began with, unless the same edits mean the same there.</summary>
    private void RequireCurrent()
    {
        if (_present is null)
        {
            bool isStillNew = Find(_connection, Definition.Uuid, Definition.Name) is null;
            Require(isStillNew);
            return;
        }

        bool isPersistent = _present.IsPersistent;
        Require(isPersistent != _wasTransient);
        _revision?.RequireCurrent(_present);
        if (_stored is null)
        {
            return;
        }

        Domain now = ReadStored(_present);
        if (now.Xml == _stored.Xml)
        {
            return;
        }

        Require(_changes.Count > 0);
        Definition = EditAgain(now);
        _stored = now;
    }

    /// <summary>Makes the edits on what others have made of the definition. What was asked about must be what is done.</summary>
    private Domain EditAgain(Domain now)
    {
        Domain again = now.Edit();
        try
        {
            foreach ((Func<Domain, ChangeResult> change, ChangeResult asked) in _changes)
            {
                Require(change(again).Changes.SequenceEqual(asked.Changes));
            }
        }
        catch (DomainRuleException)
        {
            Require(false);
        }

        return again;
    }

    private void Require(bool isSame)
    {
        if (!isSame)
        {
            throw new DomainConflictException(Definition.ToString(), _connection.Uri);
        }
    }

    /// <summary>Undoing goes on when the user has stopped the change.</summary>
    private void TakeBack(Guid uuid)
    {
        LibvirtConnection connection = _connection.WithCancellation(CancellationToken.None);
        if (_stored is not null)
        {
            connection.Define(_stored, validate: false).Dispose();
            return;
        }

        using LibvirtDomain defined = connection.GetDomain(uuid);
        defined.Undefine();
    }
}
