# Sourced by dev/test and .ci/run: the suite of the TypeScript client needs Node.js. Nothing else does.

oldest_node=20

node_is_there() {
  command -v npm > /dev/null && node -e "process.exit(parseInt(process.versions.node) < $oldest_node ? 1 : 0)" > /dev/null 2>&1
}

# Installs Debian's Node.js if that is new enough and needs no question.
want_node() {
  local become= candidate package
  node_is_there && return 0
  command -v apt-get > /dev/null || return 0
  if [ "$(id -u)" -ne 0 ]; then
    { command -v sudo && sudo -n true; } > /dev/null 2>&1 || return 0
    become="sudo -n"
  fi
  candidate=$(node_candidate)
  if [ -z "$candidate" ]; then
    $become apt-get update -q > /dev/null 2>&1 < /dev/null
    candidate=$(node_candidate)
  fi
  [ "${candidate:-0}" -ge "$oldest_node" ] || return 0
  echo "Installing nodejs and npm (apt-get) ..." >&2
  # Other sources than Debian have npm in the package nodejs.
  for package in nodejs npm; do
    command -v npm > /dev/null && break
    $become env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $package > /dev/null 2>&1 < /dev/null || true
  done
}

# The major version that apt-get would install, or nothing.
node_candidate() {
  apt-cache policy nodejs 2> /dev/null | sed -n 's/^ *Candidate: \([0-9]*\)[.~+-].*/\1/p'
}

# Installs the client's packages unless they are there.
client_packages() {
  local client=clients/typescript
  if [ -f $client/node_modules/.package-lock.json ] && [ ! $client/package-lock.json -nt $client/node_modules/.package-lock.json ]; then
    return 0
  fi
  npm --prefix $client ci --ignore-scripts
}
