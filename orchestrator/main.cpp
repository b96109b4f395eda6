// Everything starts here: `estiba server` is the keeper's child, all else is the command line.
int main() { return 0; }
