# Sourced by dev/up, dev/test and .ci/run: sees to it that there is a PostgreSQL to start.

oldest_postgres=15

# The newest installed major version, or nothing.
installed_postgres() {
  local folder newest=
  for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin; do
    [ -x "$folder/initdb" ] || continue
    folder=$(basename "$(dirname "$folder")")
    folder=${folder#postgresql@}
    [ "${folder%%.*}" -ge "${newest:-0}" ] 2>/dev/null && newest=${folder%%.*}
  done
  if [ -z "$newest" ] && command -v initdb > /dev/null; then
    newest=$(initdb --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  fi
  echo "$newest"
}

docker_answers() {
  command -v docker > /dev/null && timeout 3 docker version --format '{{.Server.Version}}' > /dev/null 2>&1
}

need_postgres() {
  local installed as_root=
  installed=$(installed_postgres)
  if [ "${installed:-0}" -ge "$oldest_postgres" ] || docker_answers; then
    return 0
  fi

  if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    if ! { command -v sudo && sudo -n true; } > /dev/null 2>&1; then
      as_root=none
    fi
  fi
  if ! command -v apt-get > /dev/null || [ "$as_root" = none ]; then
    echo "PostgreSQL $oldest_postgres or newer is missing: install it (Debian, Ubuntu: sudo apt-get install postgresql) or start Docker, then try again." >&2
    return 1
  fi
  install_postgres "$as_root"
}

# $1: what becomes root ("sudo -n", or nothing).
install_postgres() {
  local become=$1 log package
  log=$(mktemp)
  echo "Installing PostgreSQL (apt-get; its programs only, no server is set up) ..." >&2
  if ! {
    # Debian sets up a server of the machine's own with the package, unless told not to.
    $become mkdir -p /etc/postgresql-common/createcluster.d &&
      echo "create_main_cluster = false" | $become tee /etc/postgresql-common/createcluster.d/netpilot.conf &&
      $become env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
      package=$(newest_postgres_package) &&
      if [ -z "$package" ]; then
        # An older distribution: PostgreSQL's own packages.
        $become env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends postgresql-common ca-certificates &&
          $become /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y &&
          package=$(newest_postgres_package)
      fi &&
      $become env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package"
  } > "$log" 2>&1 < /dev/null; then
    tail -n 5 "$log" >&2
    echo "PostgreSQL could not be installed: see $log, or install PostgreSQL $oldest_postgres or newer yourself." >&2
    return 1
  fi
  rm -f "$log"
}

newest_postgres_package() {
  apt-cache search --names-only '^postgresql-[0-9]+$' | sed 's/ .*//' | awk -F- -v oldest="$oldest_postgres" '$2 >= oldest' | sort -t- -k2 -n | tail -n 1
}

# What single tests want beside PostgreSQL: PgBouncer and nginx to stand behind, libfaketime for a machine whose clock is wrong, Chromium for
# Swagger UI, promtool for the alert rules. They are installed where that needs no question; the tests are skipped, and say so, where they are not.
want_test_programs() {
  local become= missing=()
  [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
  [ -x /usr/sbin/nginx ] || missing+=(nginx)
  [ -x /usr/bin/promtool ] || missing+=(prometheus)
  compgen -G "/usr/lib/*/faketime/libfaketime.so.1" > /dev/null || missing+=(libfaketime)
  # Ubuntu's package is a snap's, which servers and containers do not start.
  [ -x /usr/bin/chromium ] || ! grep -q '^ID=debian' /etc/os-release 2> /dev/null || missing+=(chromium)
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get > /dev/null || return 0
  if [ "$(id -u)" -ne 0 ]; then
    { command -v sudo && sudo -n true; } > /dev/null 2>&1 || return 0
    become="sudo -n"
  fi
  echo "Installing ${missing[*]} (apt-get; no service is started) ..." >&2
  local policy=/usr/sbin/policy-rc.d own=no
  if [ ! -e "$policy" ]; then
    # Debian starts these with their packages, unless told not to.
    own=yes
    printf '#!/bin/sh\nexit 101\n' | $become tee "$policy" > /dev/null && $become chmod +x "$policy"
  fi
  {
    $become env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" ||
      { $become env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        $become env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; }
    for service in pgbouncer nginx prometheus; do
      case " ${missing[*]} " in *" $service "*) $become systemctl disable "$service" ;; esac
    done
  } > /dev/null 2>&1 < /dev/null || true
  [ "$own" = yes ] && $become rm -f "$policy"
  return 0
}
