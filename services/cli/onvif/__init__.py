"""Cameras that speak ONVIF: found in a network, and asked for their streams.

discovery   who is there: WS-Discovery over UDP, by multicast or to every address of a network
device      what a device has: its profiles, with RTSP and snapshot URLs, by SOAP over HTTP
messages    the requests, and what is read out of answers

Only the address that answered is ever talked to, whatever its answers name: they come from anybody in the network.
"""
