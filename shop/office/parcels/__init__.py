"""Parcels page of an order: correct the address, replace a lost or returned parcel, restock a returned one."""
