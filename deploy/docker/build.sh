#!/bin/sh
# Builds the shop into a folder that needs no change afterwards: the Dockerfile's steps, which any host can run as well.
#   build.sh packages SOURCE TARGET   the packages that the shop needs, in TARGET/venv
#   build.sh app SOURCE TARGET        the shop in TARGET/app, with static files, translations and bytecode
# PYTHON makes the environment (python3); VENV is another one for the second step (TARGET/venv). With TELEMETRY=1 the
# packages of traces and Sentry are installed, too.
set -eu

packages() { # SOURCE TARGET
    "${PYTHON:-python3}" -m venv --without-pip "$2/venv"
    "${PYTHON:-python3}" -m pip --python "$2/venv/bin/python" install --no-cache-dir --disable-pip-version-check \
        --quiet -r "$1/requirements.txt" ${TELEMETRY:+-r "$1/requirements-telemetry.txt"}
    "$2/venv/bin/python" -m compileall -q -j 0 "$2/venv/lib" || true # some packages have files for other Pythons
}

app() { # SOURCE TARGET
    python=$(cd "${VENV:-$2/venv}" && pwd)/bin/python
    rm -rf "$2/app.partial"
    mkdir -p "$2/app.partial"
    for part in config shop payments shipping orders messaging locale extensions manage.py pyproject.toml; do
        cp -RH "$1/$part" "$2/app.partial/"
    done
    (cd "$2/app.partial" && prepare "$python")
    rm -rf "$2/app"
    mv "$2/app.partial" "$2/app"
}

prepare() { # PYTHON
    find . -name __pycache__ -prune -exec rm -r {} +
    # The key is nowhere kept. Without one, settings would leave a generated key in the image.
    export SECRET_KEY=only-while-static-files-are-collected CONVEYOR_VAR="$PWD/var" DJANGO_SETTINGS_MODULE=config.settings
    if command -v msgfmt >/dev/null; then
        "$1" manage.py compilemessages --verbosity 0
    else
        echo "gettext is not installed: translations are taken as they are in the source." >&2
    fi
    "$1" manage.py collectstatic --no-input --verbosity 0
    "$1" -m compileall -q -j 0 .
}

[ $# = 3 ] || {
    echo "usage: $0 packages|app SOURCE TARGET" >&2
    exit 2
}
case $1 in
packages | app) "$@" ;;
*)
    echo "There is no step '$1'; there are packages and app." >&2
    exit 2
    ;;
esac
