"""What do buyers think of the goods, who may say so, and who may hide it?"""
