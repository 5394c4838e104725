"""The process ``link``: drives ``federation.protocol`` over websockets, with the journal behind it.

asgi -> exchange (everything the process knows; the event loop's thread only)
          line       one session and its carrier: effects become work, outcomes go back into the session
          frames     a message in one websocket frame, with a sum
          dialler    keeps a line to every node whose name comes after ours; the others dial us (consumer)
          work       threads: reads, one storing thread, house-keeping, commands of others
          house      each second: who belongs to the network, our vitals, positions, presence, what consoles are told
          restored   a database from an old backup: a new incarnation instead of numbers given out twice
"""
