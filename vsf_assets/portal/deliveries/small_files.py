"""Takes files that came with a form: small ones, for browsers without JavaScript.

Here: a file that is in memory goes the same way as an upload does, through a part and to its name. Not here: large
files, which never pass Django (fast/uploads.py).
"""

from django.conf import settings

from vsf_assets.portal.deliveries.begin import AnnouncedFile, Sender, UploadRefusedError, begin_upload, ticket_of
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.take_up import take_up
from vsf_assets.portal.fast.naming import LandingNames
from vsf_assets.portal.fast.receiving import Receiver
from vsf_assets.portal.fast.unpacked_size import UnpackedTooLargeError
from vsf_assets.portal.fast.upload_folder import COMPLETE, UploadFolder, UploadRecord


def deliver_small(sender: Sender, file: AnnouncedFile, content: bytes) -> Delivery:
    """Deliver a file whose content is known.

    Raises:
        UploadRefusedError: it may not be delivered, or it was refused; the message says what to do.
    """
    delivery = begin_upload(sender, file).delivery
    folder = UploadFolder.of(settings.VSF)
    names = LandingNames(settings.VSF, folder)
    receiver = Receiver(folder, ticket_of(delivery))
    try:
        receiver.open(None)
        receiver.write([content])
        record = receiver.complete()
    except UnpackedTooLargeError as error:
        reason = f"{delivery.path} is refused: {error}"
        record = UploadRecord(delivery.id, COMPLETE, delivery.path, 0, "", 0, delivery.expires_at.timestamp())
        names.cancel(record.refused(422, reason))
    finally:
        receiver.close()
    names.finish(record)
    take_up([delivery.id])
    delivery.refresh_from_db()
    if delivery.state == Delivery.REFUSED:
        raise UploadRefusedError(422, delivery.reason)
    return delivery
