"""How the record's object store is reached: the runtime's settings, for the portal has them too."""

from services.runtime.store_settings import StoreSettings

__all__ = ["StoreSettings"]
