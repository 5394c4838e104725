"""The append-only log and everything that follows it. It knows no other app.

    command -> service -> Transaction.record(entry)      entry.apply() changes the tables
                          Transaction.append()           number, chain, INSERT, receipt: last of all
                          COMMIT -> answer -> hint        the hint wakes readers; the rows are the truth
    reader  -> after(cursor)                              consoles, effects, the other centre

Rooms: ``types`` (what an entry type must state), ``envelope`` (bytes on disk, personal fields sealed),
``record`` (the write path), ``commands`` (idempotent execution), ``fold`` (entries of any origin in any order),
``tail`` (readers and their cursors), ``guard`` (only handlers write), ``verify`` (the chain proven).
"""
