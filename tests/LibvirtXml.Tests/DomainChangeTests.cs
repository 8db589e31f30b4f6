using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Nobody's change of a domain is lost without an error, and a change is made wholly or not at all. libvirt's test driver holds the domains.</summary>
public sealed class DomainChangeTests : IDisposable
{
    private const int Turns = 20, Counts = 50;

    private readonly LibvirtConnection _connection;
    private readonly LibvirtDomain _domain;

    public DomainChangeTests()
    {
        try
        {
            _connection = LibvirtConnection.Open("test:///default", cancellationToken: Token);
        }
        catch (LibvirtUnavailableException exception)
        {
            Assert.Skip(exception.Message);
            throw;
        }

        _domain = _connection.Define(NewDomain($"change-{Guid.NewGuid():N}"));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Domain Stored => _domain.GetDefinition(inactive: true, secure: true);

    public void Dispose()
    {
        if (_connection.ListDomains().Any(found => found.Uuid == _domain.Uuid))
        {
            if (_domain.IsActive)
            {
                _domain.Destroy();
            }

            if (_connection.ListDomains().Any(found => found.Uuid == _domain.Uuid))
            {
                _domain.Undefine();
            }
        }

        _domain.Dispose();
        _connection.Dispose();
    }

    [Fact]
    public void An_edit_is_described_made_and_reported()
    {
        using DomainChange change = DomainChange.Edit(_domain);
        Assert.True(change.IsEmpty);
        change.Apply(domain => domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true }));

        Assert.False(Stored.MemoryBacking.TestShared().IsShared);
        Assert.Contains("access: (none) -> shared", change.Describe(), StringComparison.Ordinal);
        using DomainChangeReport report = change.Commit();

        Assert.True(Stored.MemoryBacking.TestShared().IsShared);
        Assert.Contains(report.Stored, setting => setting is { Setting: "access", After: "shared" });
        Assert.False(report.IsRunning);
    }

    [Fact]
    public void An_edit_builds_on_what_others_have_changed_in_between()
    {
        using DomainChange change = DomainChange.Edit(_domain);
        change.Apply(domain => domain.AddFileSystem(Device("mine")));
        Add("theirs");

        change.Commit().Dispose();

        Assert.Equal(["theirs", "mine"], Stored.FileSystems.Select(fileSystem => fileSystem.Tag));
    }

    [Fact]
    public void An_edit_that_means_something_else_by_now_is_a_conflict_and_changes_nothing()
    {
        Add("a");
        using DomainChange change = DomainChange.Edit(_domain);
        change.Apply(domain => domain.SetFileSystem(domain.GetFileSystem("a"), domain.GetFileSystem("a") with { QueueSize = 512 }));
        using DomainChange other = DomainChange.Edit(_domain);
        other.Apply(domain => domain.SetFileSystem(domain.GetFileSystem("a"), domain.GetFileSystem("a") with { QueueSize = 256 }));
        other.Commit().Dispose();

        Assert.Equal("DomainChanged", Assert.Throws<DomainConflictException>(() => change.Commit()).ErrorId);
        Assert.Equal(256, Stored.GetFileSystem("a").QueueSize);

        using DomainChange late = DomainChange.Edit(_domain);
        late.Apply(domain => domain.RemoveFileSystem(domain.GetFileSystem("a")));
        using DomainChange earlier = DomainChange.Edit(_domain);
        earlier.Apply(domain => domain.RemoveFileSystem(domain.GetFileSystem("a")));
        earlier.Commit().Dispose();
        Assert.Throws<DomainConflictException>(() => late.Commit());
    }

    [Fact]
    public void A_stale_object_undoes_nobodys_change_not_even_when_it_is_unchanged()
    {
        DomainRevision revision = DomainRevision.Read(_domain);
        Domain read = Stored;
        Add("theirs");

        DomainConflictException exception = Assert.Throws<DomainConflictException>(() => DomainChange.Define(_connection, read, revision));
        Assert.Contains(_domain.Name, exception.Message, StringComparison.Ordinal);
        Assert.Equal(["theirs"], Stored.FileSystems.Select(fileSystem => fileSystem.Tag));

        revision = DomainRevision.Read(_domain);
        read = Stored;
        using DomainChange planned = DomainChange.Define(_connection, read, revision);
        Add("later");
        Assert.Throws<DomainConflictException>(() => planned.Commit());
        Assert.Equal(["theirs", "later"], Stored.FileSystems.Select(fileSystem => fileSystem.Tag));
    }

    [Fact]
    public void An_object_of_a_domain_that_was_removed_does_not_bring_it_back()
    {
        DomainRevision revision = DomainRevision.Read(_domain);
        Domain read = Stored;
        _domain.Undefine();

        Assert.Throws<DomainConflictException>(() => DomainChange.Define(_connection, read, revision));

        using DomainChange asText = DomainChange.Define(_connection, Domain.Parse(read.Xml));
        Assert.Null(asText.Present);
        asText.Commit().Dispose();
        Assert.Equal(_domain.Uuid, _connection.GetDomain(_domain.Uuid).Uuid);
    }

    [Fact]
    public void A_new_domain_that_somebody_else_defines_first_is_a_conflict()
    {
        Domain wanted = NewDomain($"new-{Guid.NewGuid():N}");
        using DomainChange change = DomainChange.Define(_connection, wanted);
        using LibvirtDomain theirs = _connection.Define(wanted);

        Assert.Throws<DomainConflictException>(() => change.Commit());
        theirs.Undefine();
    }

    [Fact]
    public void A_domain_is_itself_by_its_uuid_and_not_by_its_name()
    {
        Domain foreign = Domain.Parse(Stored.Xml.Replace(_domain.Uuid.ToString(), Guid.NewGuid().ToString(), StringComparison.Ordinal));

        Assert.Equal("OtherUuid", Assert.Throws<DomainRuleException>(() => DomainChange.Define(_connection, foreign)).ErrorId);

        DomainRevision revision = DomainRevision.Read(_domain);
        Domain read = Stored;
        string name = _domain.Name;
        _domain.Undefine();
        using LibvirtDomain impostor = _connection.Define(NewDomain(name));
        Assert.ThrowsAny<LibvirtXmlException>(() => DomainChange.Define(_connection, read, revision));
        Assert.Empty(impostor.GetDefinition(inactive: true).FileSystems);
        impostor.Undefine();
    }

    [Fact]
    public void A_name_with_blanks_is_another_name()
    {
        using DomainChange change = DomainChange.Define(_connection, NewDomain($" {_domain.Name}"));

        Assert.Null(change.Present);
    }

    [Fact]
    public void A_transient_domain_stays_transient_unless_that_is_asked_for()
    {
        using LibvirtDomain transient = _connection.StartTransient(NewDomain($"transient-{Guid.NewGuid():N}"));
        Domain read = transient.GetDefinition(secure: true);
        try
        {
            DomainRevision revision = DomainRevision.Read(transient);
            Assert.Equal("DomainTransient", Assert.Throws<DomainRuleException>(() => DomainChange.Edit(transient)).ErrorId);
            Assert.Equal("DomainTransient", Assert.Throws<DomainRuleException>(() => DomainChange.Define(_connection, read, revision)).ErrorId);
            Assert.Equal("DomainTransient", Assert.Throws<DomainRuleException>(() => DomainChange.Define(_connection, Domain.Parse(read.Xml))).ErrorId);
            Assert.False(transient.IsPersistent);

            using DomainChange change = DomainChange.Define(_connection, read, revision, makePersistent: true);
            Assert.Contains("runs there without one", change.Describe(), StringComparison.Ordinal);
            change.Commit().Dispose();
            Assert.True(transient.IsPersistent);
        }
        finally
        {
            transient.Destroy();
            if (_connection.ListDomains().FirstOrDefault(found => found.Uuid == transient.Uuid) is LibvirtDomain left)
            {
                left.Undefine();
            }
        }
    }

    [Fact]
    public void What_was_changed_in_the_view_of_the_running_guest_is_changed_in_the_stored_definition_and_nothing_else()
    {
        Add("kept");
        _domain.Start();
        Add("pending");
        DomainRevision revision = DomainRevision.Read(_domain);
        Domain running = _domain.GetDefinition(secure: true);
        Assert.DoesNotContain(running.FileSystems, fileSystem => fileSystem.Tag == "pending");
        running.AddFileSystem(Device("added"));
        running.SetFileSystem(running.GetFileSystem("kept"), running.GetFileSystem("kept") with { QueueSize = 128 });

        using DomainChange change = DomainChange.Define(_connection, running, revision);
        change.Commit().Dispose();

        Assert.Equal(["kept", "pending", "added"], Stored.FileSystems.Select(fileSystem => fileSystem.Tag));
        Assert.Equal(128, Stored.GetFileSystem("kept").QueueSize);

        revision = DomainRevision.Read(_domain);
        running = _domain.GetDefinition(secure: true);
        running.RemoveFileSystem(running.GetFileSystem("kept"));
        using DomainChange removal = DomainChange.Define(_connection, running, revision);
        removal.Commit().Dispose();
        Assert.Equal(["pending", "added"], Stored.FileSystems.Select(fileSystem => fileSystem.Tag));
    }

    [Fact]
    public void Passwords_survive_every_change()
    {
        using LibvirtDomain defined = _connection.Define(Domain.Parse(
            Stored.Xml.Replace("</devices>", "<graphics type='vnc' port='-1' autoport='yes' passwd='secret'/></devices>", StringComparison.Ordinal)));
        Assert.Contains("secret", Stored.Xml, StringComparison.Ordinal);
        Add("a");
        Assert.Contains("secret", Stored.Xml, StringComparison.Ordinal);

        // Read without passwords, as from a connection for reading.
        using LibvirtConnection readOnly = LibvirtConnection.Open("test:///default", readOnly: true, cancellationToken: Token);
        using LibvirtDomain seen = readOnly.GetDomain(_domain.Uuid);
        DomainRevision revision = DomainRevision.Read(seen);
        Domain read = seen.GetDefinition(inactive: true);
        Assert.DoesNotContain("secret", read.Xml, StringComparison.Ordinal);
        read.AddFileSystem(Device("b"));
        using DomainChange change = DomainChange.Define(_connection, read, revision);
        change.Commit().Dispose();

        Assert.Contains("secret", Stored.Xml, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], Stored.FileSystems.Select(fileSystem => fileSystem.Tag));
    }

    [Fact]
    public void What_libvirt_refuses_changes_nothing()
    {
        string before = Stored.Xml;
        Domain wrong = Domain.Parse(before.Replace("<devices>", "<nonsense/><devices>", StringComparison.Ordinal));
        using DomainChange change = DomainChange.Define(_connection, wrong);

        Assert.Equal("InvalidXml", Assert.Throws<LibvirtException>(() => change.Commit()).ErrorId);
        Assert.Equal(before, Stored.Xml);
    }

    [Fact]
    public void A_step_of_undoing_that_fails_keeps_no_other_from_being_tried_and_hides_no_error()
    {
        List<string> undone = [];
        UndoSteps steps = new();
        steps.Add("the first was done", () => undone.Add("first"));
        steps.Add("the second was done", () => throw new InvalidOperationException("The second stays."));
        steps.Add("the third was done", () => undone.Add("third"));
        DomainRuleException first = new("GuestKeepsDevice", "The guest keeps the device.");

        ChangeNotUndoneException exception = Assert.Throws<ChangeNotUndoneException>(() => steps.UndoAndThrow(first));

        Assert.Equal(["third", "first"], undone);
        Assert.Same(first, exception.First);
        Assert.Equal(["the second was done"], exception.NotUndone);
        Assert.StartsWith("The guest keeps the device. Not all could be undone: the second was done (The second stays)", exception.Message, StringComparison.Ordinal);
        AggregateException inner = Assert.IsType<AggregateException>(exception.InnerException);
        Assert.Same(first, inner.InnerExceptions[0]);
        Assert.Equal("The second stays.", inner.InnerExceptions[1].Message);
        Assert.Same(first, Assert.Throws<DomainRuleException>(() => new UndoSteps().UndoAndThrow(first)));
    }

    [Fact]
    public void A_change_is_taken_back_also_after_the_user_has_stopped_it()
    {
        using CancellationTokenSource stop = new();
        using LibvirtDomain domain = _connection.WithCancellation(stop.Token).GetDomain(_domain.Uuid);
        string before = Stored.Xml;
        using DomainChange change = DomainChange.Edit(domain);
        change.Apply(definition => definition.AddFileSystem(Device("mine")));
        change.Commit().Dispose();
        List<string> undone = [];
        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => UndoSteps.Run(undo =>
        {
            undo.Add("the first was done", () => undone.Add("first"));
            undo.Add("the domain was changed", change.TakeBack);
            _ = domain.IsActive;
        }));

        Assert.Equal(before, Stored.Xml);
        Assert.Equal(["first"], undone);
    }

    [Fact]
    public async Task Two_who_change_one_domain_by_turns_lose_nothing()
    {
        using OwnDaemon daemon = new();
        using LibvirtConnection setup = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token);
        using LibvirtDomain contested = setup.Define(NewDomain("contested"));

        int[] conflicts = await Task.WhenAll(Enumerable.Range(0, 2).Select(worker => Task.Factory.StartNew(
            () => AddInTurns(daemon.Uri, contested.Uuid, worker), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        string[] expected = [.. Enumerable.Range(0, 2).SelectMany(worker => Enumerable.Range(0, Turns).SelectMany(turn => new[] { $"edit-{worker}-{turn}", $"set-{worker}-{turn}" })).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, contested.GetDefinition(inactive: true).FileSystems.Select(fileSystem => fileSystem.Tag!).Order(StringComparer.Ordinal));
        TestContext.Current.SendDiagnosticMessage($"Conflicts that were reported and repeated: {conflicts.Sum()}.");
    }

    [Fact]
    public async Task Two_who_count_up_one_setting_lose_no_count()
    {
        using OwnDaemon daemon = new();
        using LibvirtConnection setup = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token);
        using LibvirtDomain contested = setup.Define(NewDomain("counted"));
        using DomainChange first = DomainChange.Edit(contested);
        first.Apply(domain => domain.AddFileSystem(Device("counter") with { ThreadPoolSize = 1 }));
        first.Commit().Dispose();

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () => CountUp(daemon.Uri, contested.Uuid), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.Equal(1 + (2 * Counts), contested.GetDefinition(inactive: true).GetFileSystem("counter").ThreadPoolSize);
    }

    [Fact]
    public void An_object_counts_from_what_its_own_change_left_and_not_from_what_others_have_made_of_it_since()
    {
        DomainRevision revision = DomainRevision.Read(_domain);
        Domain read = Stored;
        read.AddFileSystem(Device("mine"));
        using DomainChange change = DomainChange.Define(_connection, read, revision);
        using DomainChangeReport report = change.Commit();
        using DomainChange again = DomainChange.Define(_connection, Domain.Parse(Stored.Xml), report.Revision);
        Assert.True(again.IsEmpty);
        Add("theirs");

        Assert.Throws<DomainConflictException>(() => DomainChange.Define(_connection, read, report.Revision));
    }

    private static void CountUp(string uri, Guid uuid)
    {
        using LibvirtConnection connection = LibvirtConnection.Open(uri, cancellationToken: Token);
        using LibvirtDomain domain = connection.GetDomain(uuid);
        for (int counted = 0; counted < Counts;)
        {
            try
            {
                DomainReading reading = DomainReading.Read(domain);
                Domain next = reading.Stored!;
                FileSystem counter = next.GetFileSystem("counter");
                next.SetFileSystem(counter, counter with { ThreadPoolSize = counter.ThreadPoolSize + 1 });
                using DomainChange change = DomainChange.Define(connection, next, reading.Revision);
                if (!change.IsEmpty)
                {
                    change.Commit().Dispose();
                }

                counted++;
            }
            catch (DomainConflictException)
            {
                // The other one was faster.
            }
        }
    }

    private static int AddInTurns(string uri, Guid uuid, int worker)
    {
        using LibvirtConnection connection = LibvirtConnection.Open(uri, cancellationToken: Token);
        using LibvirtDomain domain = connection.GetDomain(uuid);
        int conflicts = 0;
        for (int turn = 0; turn < Turns; turn++)
        {
            string edited = $"edit-{worker}-{turn}";
            using DomainChange edit = DomainChange.Edit(domain);
            edit.Apply(definition => definition.AddFileSystem(Device(edited)));
            edit.Commit().Dispose();

            bool isDone = false;
            while (!isDone)
            {
                try
                {
                    DomainRevision revision = DomainRevision.Read(domain);
                    Domain read = domain.GetDefinition(inactive: true, secure: true);
                    read.AddFileSystem(Device($"set-{worker}-{turn}"));
                    using DomainChange set = DomainChange.Define(connection, read, revision);
                    set.Commit().Dispose();
                    isDone = true;
                }
                catch (DomainConflictException)
                {
                    conflicts++;
                }
            }
        }

        return conflicts;
    }

    private static Domain NewDomain(string name) => Domain.Parse(
        $"<domain type='test'>\n  <name>{name}</name>\n  <memory unit='KiB'>1048576</memory>\n  <vcpu>2</vcpu>\n  <os>\n    <type>hvm</type>\n  </os>\n  <devices/>\n</domain>\n");

    private static FileSystem Device(string tag) => new() { Tag = tag, SourceDirectory = "/srv" };

    private void Add(string tag)
    {
        using DomainChange change = DomainChange.Edit(_domain);
        change.Apply(domain => domain.AddFileSystem(Device(tag)));
        change.Commit().Dispose();
    }
}
