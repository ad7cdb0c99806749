"""Settings: Django's own checks and the project's, those for deployment with `--deploy`."""

from collections.abc import Iterator

from django.core import checks

from shop.doctor.findings import Finding
from shop.doctor.production import NEW_KEY

_HTTPS = Finding("https", "CONVEYOR_HTTPS is off: passwords travel unencrypted.", "export CONVEYOR_HTTPS=1")
#: For Django's own checks, which know none of the variables.
_OWN = {
    "security.W004": _HTTPS,
    "security.W008": _HTTPS,
    "security.W012": _HTTPS,
    "security.W016": _HTTPS,
    "security.W009": Finding("secret-key", "SECRET_KEY is easy to guess.", NEW_KEY),
    "security.W018": Finding("debug", "DEBUG is on: errors show code and settings to everybody.", "export DEBUG=0"),
}


def settings() -> Iterator[Finding]:
    return _findings(deploy=False)


def deployment() -> Iterator[Finding]:
    return _findings(deploy=True)


def _findings(*, deploy: bool) -> Iterator[Finding]:
    command = "python manage.py check --deploy" if deploy else "python manage.py check"
    for message in checks.run_checks(include_deployment_checks=deploy, databases=[]):
        if message.level >= checks.WARNING and not message.is_silenced():
            name, sentence, fix = str(message.id), " ".join(message.msg.split()), message.hint or command
            yield _OWN.get(name) or Finding(name, sentence, " ".join(fix.split()))
