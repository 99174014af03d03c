# The machine stays on, for whoever asked for it.
start_ssh
finish OK
