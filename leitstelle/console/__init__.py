"""The dispatchers' door: one snapshot, one socket, one way to command.

    GET  snapshot ── state and position from one REPEATABLE READ transaction
    WS   socket   ── frames after a position: the new view of everything the entries touched
    POST command  ── answered with the position; the author sees the result through the socket like everybody else

``picture`` reads (snapshot and frames are the same selectors), ``reader`` follows the journal in one thread per
process, ``hub`` fans its pre-encoded frames out, ``consumers`` holds one socket, ``door`` answers HTTP.
"""
