#!/bin/sh
# Installs the platform on a machine or in an image, or upgrades it: sh install.sh WHEEL CONSTRAINTS
#
# It makes a virtual environment, the user `vsf`, and the folders that docs/operating.md lists. What exists is kept:
# settings and data stay, and of an earlier release only the virtual environment is replaced. It starts nothing.
# It needs Debian's packages python3 and python3-venv, and takes all else from the Python index. Run it as root. Who is
# not root names folders of his own by the variables below; then no user is made.
set -eu

prefix=${VSF_PREFIX:-/opt/vsf}          # the virtual environment
settings=${VSF_SETTINGS:-/etc/vsf}      # working directory of the service: .env, sources.toml
home=${VSF_HOME:-/var/lib/vsf}          # the home
backups=${VSF_BACKUPS:-/var/backups/vsf}
link=${VSF_LINK:-/usr/local/bin/vsf}    # the command, for everybody
extras=${VSF_EXTRAS:-}                  # postgres (portal on PostgreSQL), lake (a shared one), workers, kubernetes
user=${VSF_USER:-vsf}                   # whom the home belongs to

fail() {
    echo "install.sh: $1" >&2
    exit 2
}

[ $# -eq 2 ] || fail "two arguments are needed: the wheel, and constraints.txt beside it"
wheel=$1 constraints=$2
for file in "$wheel" "$constraints"; do
    [ -f "$file" ] || fail "there is no file $file"
done
command -v python3 >/dev/null || fail "python3 is missing; install Debian's packages python3 and python3-venv"
python3 -c 'import ensurepip, venv' 2>/dev/null || fail "Python's venv is missing; install Debian's package python3-venv"

is_root=no
if [ "$(id -u)" -eq 0 ]; then
    is_root=yes
    id "$user" >/dev/null 2>&1 || useradd --system --user-group --home-dir "$home" --shell /usr/sbin/nologin "$user"
fi

# folder PATH OWNER MODE: makes a folder; an existing one stays as it is
folder() {
    [ ! -d "$1" ] || return 0
    mkdir -p "$1"
    [ "$is_root" = no ] || chown "$2" "$1"
    chmod "$3" "$1"
}

# The environment is made beside the old one, so that an installation that fails leaves the old one in use.
made=$prefix.new
rm -rf "$made"
python3 -m venv "$made"
# shellcheck disable=SC2086 - options are several words
"$made/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --constraint "$constraints" \
    ${VSF_PIP_OPTIONS:-} "$(readlink -f "$wheel")${extras:+[$extras]}"
# Its programs name their own folder: the one that it gets now.
grep -rlI --null "$made" "$made/bin" "$made/pyvenv.cfg" | xargs -0 -r sed -i "s|$made|$prefix|g"
rm -rf "$prefix.old"
[ ! -d "$prefix" ] || mv "$prefix" "$prefix.old"
mv "$made" "$prefix"
rm -rf "$prefix.old"
# The service may not write there. Some packages carry files for other versions of Python, which cannot be compiled.
"$prefix/bin/python" -m compileall -f -qq "$prefix/lib" || echo "install.sh: a few modules could not be compiled" >&2
[ "$is_root" = no ] && [ -z "${VSF_LINK:-}" ] || ln -sf "$prefix/bin/vsf" "$link"

folder "$home" "$user:$user" 0750
folder "$home/landing" "$user:$user" 2770
folder "$backups" "$user:$user" 0700
folder "$settings" "root:$user" 0750
if [ ! -e "$settings/.env" ]; then
    (umask 027 && printf 'VSF_HOME=%s\n' "$home" > "$settings/.env")
    [ "$is_root" = no ] || chown "root:$user" "$settings/.env"
fi
echo "installed: $prefix/bin/vsf; settings: $settings/.env; home: $home"
