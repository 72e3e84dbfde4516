"""The page of the box, for phones and browsers: a process of its own, and a client of the control socket.

It opens no sound card and writes nothing but its own keys, so whatever happens to it, a take does not notice.
"""
