"""The record's object store: the runtime's, for the portal reads the public files from it too."""

from services.runtime.object_store import ObjectStore, StoredObject, Versioned

__all__ = ["ObjectStore", "StoredObject", "Versioned"]
