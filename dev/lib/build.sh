# Sourced by dev/up and dev/test.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

need_dotnet() {
  if ! command -v dotnet > /dev/null; then
    echo "The .NET SDK is missing: install version 10 from https://dot.net (or apt-get install dotnet-sdk-10.0)." >&2
    return 1
  fi
  if ! dotnet --version > /dev/null 2>&1; then
    echo "The .NET SDK here is not the one that global.json asks for: install version 10 from https://dot.net." >&2
    return 1
  fi
}

# What a build is made from; the list's own sum tells when a file went.
sources() {
  find src dev global.json Directory.* .editorconfig \( -name bin -o -name obj \) -prune -o -type f "$@" -print
}

# Builds the projects named, unless nothing changed since they were built last: asking the file system takes milliseconds, MSBuild seconds.
build_when_changed() {
  local stamp=.devstack/built list project log
  mkdir -p .devstack
  list=$(sources | LC_ALL=C sort | cksum)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$list" ] && [ -z "$(sources -newer "$stamp" | head -n 1)" ] &&
    [ -f src/Host/bin/Debug/net10.0/NetPilot.Host.dll ] && [ -f dev/DevStack/bin/Debug/net10.0/NetPilot.DevStack.dll ]; then
    return 0
  fi

  rm -f "$stamp"
  echo "$list" > "$stamp.$$"
  echo "Building (the first time takes minutes) ..." >&2
  log=.devstack/build.log
  for project in "$@"; do
    if ! dotnet build "$project" --verbosity quiet --nologo > "$log" 2>&1 < /dev/null; then
      grep -E 'error|warning' "$log" | sort -u >&2 || cat "$log" >&2
      echo "The build failed." >&2
      return 1
    fi
  done
  mv "$stamp.$$" "$stamp"
}
