namespace VirtioFs.Fuzz;

/// <summary>Inputs that reached something new: an edge of the code, or an outcome that an operation had not had.</summary>
internal sealed class Corpus
{
    private const int Most = 4096;
    private readonly List<byte[]> _inputs = [];
    private readonly HashSet<(int, int, int)> _outcomes = [];

    internal int Count => _inputs.Count;

    internal int Outcomes => _outcomes.Count;

    /// <summary>The decisions to begin the next input with: none, or a changed copy of a kept one's.</summary>
    internal byte[] Next(Random random)
    {
        if (_inputs.Count == 0 || random.Next(4) == 0)
        {
            return [];
        }

        byte[] input = (byte[])_inputs[random.Next(_inputs.Count)].Clone();
        if (input.Length == 0)
        {
            return input;
        }

        for (int changes = random.Next(4); changes > 0; changes--)
        {
            int at = random.Next(input.Length);
            input[at] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(input[at] + random.Next(5) - 2),
                _ => (byte)(input[at] ^ (1 << random.Next(8))),
            };
        }

        return random.Next(4) == 0 ? input[..random.Next(input.Length)] : input;
    }

    /// <summary>Learns what an input reached.</summary>
    internal void Note(Choices input, int operation, int outcome, int state)
    {
        if (!(_outcomes.Add((operation, outcome, state)) | Coverage.TakeNews()))
        {
            return;
        }

        if (_inputs.Count < Most)
        {
            _inputs.Add(input.Drawn);
        }
        else
        {
            _inputs[(operation + outcome + _outcomes.Count) & (Most - 1)] = input.Drawn;
        }
    }
}
