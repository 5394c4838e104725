"""What may wait: figures, the daily mail, paper. Run by Celery; each may run twice or late without harm."""

import logging
import shlex
import subprocess
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import figures
from incidents.run_sheet import run_sheet

logger = logging.getLogger(__name__)

# Late answers and closings change the figures of past hours for a while.
HOURS_AGAIN = 24


@shared_task
def count_hours() -> int:
    """Make the figures of the last day anew; returns the number of rows."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    return figures.count(now - timedelta(hours=HOURS_AGAIN), now + timedelta(hours=1))


@shared_task
def mail_yesterday() -> int:
    """Send yesterday's figures to LEITSTELLE_REPORT_RECIPIENTS; returns the number of mails."""
    if not settings.LEITSTELLE_REPORT_RECIPIENTS:
        return 0
    day = timezone.localdate() - timedelta(days=1)
    subject = _("Leitstelle: Werte vom %s") % f"{day:%d.%m.%Y}"
    return send_mail(subject, figures.as_text(day), None, settings.LEITSTELLE_REPORT_RECIPIENTS)


@shared_task(bind=True, max_retries=5, default_retry_delay=30)
def print_run_sheet(self, incident_id: str) -> str:  # type: ignore[no-untyped-def]  # Celery's bound task
    """Write the run sheet to the spool and hand it to LEITSTELLE_PRINT_COMMAND, if one is set; returns the file."""
    spool = settings.LEITSTELLE_RUN_DIR / "print"
    spool.mkdir(parents=True, exist_ok=True)
    file = spool / f"{incident_id}.html"
    file.write_text(run_sheet(incident_id), encoding="utf-8")
    if settings.LEITSTELLE_PRINT_COMMAND:
        try:
            subprocess.run([*shlex.split(settings.LEITSTELLE_PRINT_COMMAND), str(file)], check=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("%s was not printed: %s", file, error)
            raise self.retry(exc=error) from error
    return str(file)
