if enlist && [ "$COMMISSION" = yes ] && take_token; then
  signal COMMISSIONING
  begin_beats
  run_all
fi
