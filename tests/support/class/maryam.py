Dear professor, my computer was stolen and so I cannot hand in the exercise.
