using VirtioFs.Bench;

return BenchCommandLine.Build().Parse(args).Invoke();
