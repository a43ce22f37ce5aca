"""Advice on cameras that can't be reached: names, addresses, connections, TLS."""

from __future__ import annotations

import socket

from schemas.cameras import Source as SourceEntry
from services.ingest.probing.advice import Advice, host_of, is_rtsp, port_of
from services.ingest.source_errors import SourceError


def dns(_: SourceError, entry: SourceEntry) -> Advice:
    """Advise on no address for the name."""
    return Advice(
        f"There is no address for the name {host_of(entry)!r}.",
        ("Check its spelling.", "Use the camera's IP address, if this machine's DNS does not know its name."),
    )


def connect(error: SourceError, entry: SourceEntry) -> Advice:
    """Advise on no connection."""
    cause = error.__cause__
    place = f"{host_of(entry)} port {port_of(entry)}"
    if isinstance(cause, ConnectionRefusedError) or "refused" in error.detail.lower():
        return Advice(
            f"The host is there, but nothing listens at {place}.",
            (
                f"Check the port: usual are {'554 and 8554' if is_rtsp(entry) else '80, 8080, 443 and 8000'}.",
                f"Switch {'RTSP' if is_rtsp(entry) else 'HTTP'} on in the camera's network settings.",
            ),
        )
    if isinstance(cause, socket.gaierror):
        return dns(error, entry)
    return Advice(
        f"No connection to {place}: {error.detail}.",
        ("Check that this machine has a route into the camera's network (VLAN, VPN, firewall).",),
    )


def timeout(error: SourceError, entry: SourceEntry) -> Advice:
    """Advise on no answer."""
    return Advice(
        f"{host_of(entry)} port {port_of(entry)} did not answer in time ({error.detail}).",
        (
            "Check that the camera is on, and its address: a wrong one often just stays silent.",
            "Check that no firewall is in between: try from the machine on which ingest runs.",
            "Cameras allow few viewers at once: close others, such as a recorder's or a phone's.",
        ),
    )


def tls(error: SourceError, entry: SourceEntry) -> Advice:
    """Advise on TLS that failed."""
    text = error.detail.lower()
    anyway = "Until then: --insecure-tls here, and 'verify_tls: false' in the entry, take any certificate."
    if "self-signed" in text or "self signed" in text or "local issuer" in text:
        return Advice(
            "The camera's certificate was signed by itself, or by an authority that this machine does not know.",
            (
                "Have the city's own authority sign one, and name that authority's file in SSL_CERT_FILE.",
                anyway,
            ),
        )
    if "mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return Advice(
            f"The camera's certificate is not for {host_of(entry)!r}.",
            ("Use the name in the URL for which the certificate was made.", anyway),
        )
    if "expired" in text or "not yet valid" in text:
        return Advice(
            "The camera's certificate has expired, or is not valid yet.",
            ("Renew it in the camera.", "Check the clocks of the camera and of this machine.", anyway),
        )
    if "wrong version number" in text or "wrong_version_number" in text or "record layer" in text:
        plain = "rtsp://" if is_rtsp(entry) else "http://"
        return Advice("That port does not speak TLS.", (f"Use {plain}, or the port of the camera's TLS service.",))
    return Advice(
        f"TLS failed: {error.detail}.", ("Update the camera's firmware: old ones speak only old TLS.", anyway)
    )


def address(error: SourceError, entry: SourceEntry) -> Advice:
    """Advise on an address that is not allowed."""
    return Advice(
        f"Cameras may not be there: {error.detail}.",
        (
            "Public and private addresses are allowed; loopback, link-local and cloud metadata addresses are not, so "
            "that no entry of the registry can make ingest fetch from where it should not.",
            "If the camera is really there: --allow-network loopback, or such as --allow-network 192.0.2.0/24, here, "
            "and the same in TILIK_INGEST_ALLOWED_NETWORKS of the ingest workers.",
        ),
    )


def scheme(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a URL that is none of a camera."""
    schemes = "rtsp://, rtsps://, http:// or https://"
    return Advice(f"Not a camera's URL: {error.detail}.", (f"Use {schemes}, or the path of a video file or folder.",))


def redirect(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a camera that sends us elsewhere."""
    return Advice(
        f"The camera sends us elsewhere: {error.detail}.",
        ("Use the URL to which it leads, if that is the camera: a camera's secret goes nowhere else by itself.",),
    )
