# shellcheck shell=bash
# Runs test suites and adds up what they counted. Source this file.
# A suite that ends without its result file, or with an error that no test explains, counts as one failure.

results=$PWD/artifacts/results
passed=0 failed=0 skipped=0
failures=()
suite_process=''

# Longer than any suite needs; a suite that hangs must not hold up the rest.
suite_limit=2400

# run_test_program NAME: an xunit program that was built as artifacts/bin/NAME.
run_test_program() {
  local name=$1 status=0 report=$results/$1.xml line
  prepare_report "$report"
  echo "Testing $name."
  run_in_own_group "artifacts/bin/$name/release/$name" -noColor -noLogo -xml "$report" || status=$?
  # xUnit.net's format: <assembly total= passed= failed= skipped= errors= ...>
  line=$(grep -o '<assembly [^>]*>' "$report" 2>/dev/null | head -n 1) || line=''
  if [ -z "$line" ]; then
    add_counts "$name" 0 1 0
    echo "$name ended with status $status and left no results." >&2
    return 0
  fi
  # <test ... name="..." result="Fail" ...>; the names are repeated where somebody looks who has only the end of the output.
  mapfile -t -O "${#failures[@]}" failures < <(grep '<test [^>]*result="Fail"' "$report" | sed 's/.* name="\([^"]*\)".*/\1/; s/\\&quot;/"/g')
  local not_passed=$(($(count failed "$line") + $(count errors "$line")))
  [ "$status" -eq 0 ] || [ "$not_passed" -gt 0 ] || not_passed=1
  add_counts "$name" "$(count passed "$line")" "$not_passed" "$(count skipped "$line")"
}

# run_pester PWSH: tests/Pester in a real PowerShell, against out/VirtioFs.
run_pester() {
  local report=$results/pester.txt status=0 counts
  prepare_report "$report"
  echo "Testing with Pester."
  run_in_own_group "$1" -NoProfile -NonInteractive -File eng/pester.ps1 "$report" || status=$?
  read -r -a counts <"$report" || counts=(0 1 0)
  [ "$status" -eq 0 ] || [ "${counts[1]}" -gt 0 ] || counts[1]=1
  mapfile -t -O "${#failures[@]}" failures < <(tail -n +2 "$report")
  add_counts Pester "${counts[@]}"
}

# The only line of this form, and the last of all.
report_counts() {
  [ "${#failures[@]}" -eq 0 ] || printf 'Failed: %s\n' "${failures[@]}"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

prepare_report() {
  mkdir -p "$results"
  rm -f "$1"
}

# What a suite starts must not outlive it, even when it crashes: it gets a process group, which ends with it.
run_in_own_group() {
  local status=0
  set -m
  timeout --kill-after=10 "$suite_limit" "$@" </dev/null &
  suite_process=$!
  set +m
  wait "$suite_process" || status=$?
  end_suite
  return "$status"
}

end_suite() {
  [ -z "$suite_process" ] || kill -KILL -- "-$suite_process" 2>/dev/null || true
  suite_process=''
}
trap end_suite EXIT

add_counts() {
  echo "  $1: $2 passed, $3 failed, $4 skipped."
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
}

# count NAME LINE: the value of an attribute.
count() {
  local value
  value=$(sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$2")
  echo "${value:-0}"
}
