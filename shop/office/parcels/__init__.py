"""Parcels page of an order: corrects an address, replaces a lost or returned parcel, restocks a returned one."""
