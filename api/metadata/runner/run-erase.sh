begin_beats
if is_ours; then
  erase_all
  if [ -z "$LEFT" ]; then finish OK; else finish FAILED "Not erased:$LEFT"; fi
else
  finish FAILED "This system was not booted to erase disks."
fi
